package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class FlowHashTest {
    private static final String MACS = "020000000002 020000000001";
    private static final long SEED = 0x123456789abcdefL;

    private static int hash(final long seed, final String... text) {
        final byte[] frame = Bytes.hex(text);
        final long address = Bytes.copy(frame);
        final ParsedFrame p = new ParsedFrame();
        assertTrue(FrameParser.parse(address, frame.length, frame.length, p));
        return FlowHash.symmetric(address, p, seed);
    }

    private static String ipv4(
            final int protocol, final String fragment, final int from, final int to, final int port, final int peer) {
        return String.format(
                "%s 0800 45000028 0000%s 40%02x0000 %08x %08x %04x %04x 00000001000000025010ffff00000000",
                MACS, fragment, protocol, from, to, port, peer);
    }

    private static String ipv6(final String next, final String from, final String to, final String rest) {
        return MACS + "86dd 600000000020" + next + "40" + from + to + rest + "00".repeat(24);
    }

    @Test
    void shouldBeTheSameForBothDirections() {
        final Random random = new Random(5);
        for (int i = 0; i < 2000; i++) {
            final int a = random.nextInt();
            final int b = random.nextInt();
            final int p = random.nextInt(0x10000);
            final int q = random.nextInt(0x10000);
            final int protocol = i % 2 == 0 ? 6 : 17;
            final int forth = hash(SEED, ipv4(protocol, "0000", a, b, p, q));
            assertEquals(forth, hash(SEED, ipv4(protocol, "0000", b, a, q, p)));
            // Ports belong to their addresses.
            assertNotEquals(forth, hash(SEED, ipv4(protocol, "0000", a, b, q, p)));
            final String x = String.format("%016x%016x", random.nextLong(), random.nextLong());
            final String y = String.format("%016x%016x", random.nextLong(), random.nextLong());
            final String there = String.format("%04x%04x", p, q);
            final String back = String.format("%04x%04x", q, p);
            final int forth6 = hash(SEED, ipv6("06", x, y, there));
            assertEquals(forth6, hash(SEED, ipv6("06", y, x, back)));
            assertNotEquals(forth6, hash(SEED, ipv6("06", y, x, there)));
        }
        assertEquals(hash(SEED, "020000000002 020000000001 0806"), hash(SEED, "020000000001 020000000002 0806"));
    }

    @Test
    @Tag("V4")
    @Tag("N4")
    @Tag("G12")
    void shouldDependOnEachPartOfTheFlowAndOnNothingElse() {
        final int base = hash(SEED, ipv4(6, "4000", 0x0a000001, 0x0a000002, 1, 2));
        assertEquals(base, hash(SEED, ipv4(6, "0000", 0x0a000001, 0x0a000002, 1, 2)));
        assertEquals(base, hash(SEED, ipv4(6, "4000", 0x0a000001, 0x0a000002, 1, 2), "0000000000"));
        final Set<Integer> hashes = new HashSet<>(Set.of(base));
        assertTrue(hashes.add(hash(SEED + 1, ipv4(6, "4000", 0x0a000001, 0x0a000002, 1, 2))));
        assertTrue(hashes.add(hash(SEED, ipv4(17, "4000", 0x0a000001, 0x0a000002, 1, 2))));
        assertTrue(hashes.add(hash(SEED, ipv4(6, "4000", 0x0b000001, 0x0a000002, 1, 2))));
        assertTrue(hashes.add(hash(SEED, ipv4(6, "4000", 0x0a000001, 0x0a000003, 1, 2))));
        assertTrue(hashes.add(hash(SEED, ipv4(6, "4000", 0x0a000001, 0x0a000002, 3, 2))));
        assertTrue(hashes.add(hash(SEED, ipv4(6, "4000", 0x0a000001, 0x0a000002, 1, 3))));
        // No ports, and no IP.
        assertTrue(hashes.add(hash(SEED, ipv4(1, "4000", 0x0a000001, 0x0a000002, 1, 2))));
        assertTrue(hashes.add(hash(SEED, "020000000002 020000000001 0806")));
        assertTrue(hashes.add(hash(SEED, "020000000002 020000000001 0807")));
        assertTrue(hashes.add(hash(SEED, "020000000003 020000000001 0806")));
        assertTrue(hashes.add(hash(SEED, "020000000002 020000000003 0806")));
    }

    @Test
    void shouldDependOnAll128BitsOfIpv6Addresses() {
        final String zero = "0".repeat(32);
        final Set<Integer> hashes = new HashSet<>();
        assertTrue(hashes.add(hash(SEED, ipv6("3b", zero, zero, ""))));
        for (int nibble = 0; nibble < 32; nibble++) {
            final String one = zero.substring(0, nibble) + "1" + zero.substring(nibble + 1);
            assertTrue(hashes.add(hash(SEED, ipv6("3b", zero, one, ""))), "nibble " + nibble);
        }
    }

    @Test
    void shouldKeepTheFragmentsOfADatagramTogether() {
        final int first = hash(SEED, ipv4(17, "2000", 0x0a000001, 0x0a000002, 1, 2));
        assertEquals(first, hash(SEED, ipv4(17, "2001", 0x0a000001, 0x0a000002, 3, 4)));
        assertEquals(first, hash(SEED, ipv4(17, "0002", 0x0a000002, 0x0a000001, 5, 6)));
        assertNotEquals(first, hash(SEED, ipv4(6, "2001", 0x0a000001, 0x0a000002, 3, 4)));
        assertNotEquals(first, hash(SEED, ipv4(17, "2001", 0x0a000001, 0x0a000003, 3, 4)));
        final String a = "fd".repeat(16);
        final String b = "fe".repeat(16);
        final int first6 = hash(SEED, ipv6("2c", a, b, "3c00000100000007 1100010400000000 00010002"));
        assertEquals(first6, hash(SEED, ipv6("2c", a, b, "3c00000900000007 7777777777777777 00030004")));
        assertEquals(first6, hash(SEED, ipv6("2c", a, b, "3c00001000000007 7777777777777777 00030004")));
    }

    /** Each bit of the input turns each bit of the hash in about half of all cases. */
    @Test
    void shouldAvalanche() {
        final Random random = new Random(99);
        final int rounds = 4000;
        final int[][] turned = new int[128][64];
        for (int i = 0; i < rounds; i++) {
            final long a = random.nextLong();
            final long b = random.nextLong();
            final long hash = FlowHash.mix(a, b, SEED);
            for (int bit = 0; bit < 128; bit++) {
                final long other =
                        bit < 64 ? FlowHash.mix(a ^ 1L << bit, b, SEED) : FlowHash.mix(a, b ^ 1L << (bit - 64), SEED);
                for (int out = 0; out < 64; out++) {
                    turned[bit][out] += (int) ((hash ^ other) >>> out & 1);
                }
            }
        }
        for (int bit = 0; bit < 128; bit++) {
            for (int out = 0; out < 64; out++) {
                assertEquals(0.5, (double) turned[bit][out] / rounds, 0.06, "seed 99, bit " + bit + " to " + out);
            }
        }
    }

    @Test
    void shouldMixWordsThatAreNotSymmetric() {
        assertNotEquals(FlowHash.mix(1, 2, SEED), FlowHash.mix(2, 1, SEED));
        assertNotEquals(FlowHash.mix(1, 2, SEED), FlowHash.mix(1, 2, SEED + 1));
        assertNotEquals(FlowHash.mix(1, 2, 0), FlowHash.mix(1, 2, 1L << 32));
        final Set<Long> hashes = new HashSet<>();
        for (long a = 0; a < 300; a++) {
            for (long b = 0; b < 300; b++) {
                assertTrue(hashes.add(FlowHash.mix(a, b, 0)));
            }
        }
    }

    @Test
    @Tag("V4")
    void shouldMakeSourcePortsOfTheDynamicRange() {
        assertEquals(49152, FlowHash.sourcePort(0));
        assertEquals(65535, FlowHash.sourcePort(-1));
        assertEquals(49153, FlowHash.sourcePort(1 << 18));
        assertEquals(49152, FlowHash.sourcePort((1 << 18) - 1));
        assertEquals(49152 + 8192, FlowHash.sourcePort(1 << 31));
    }

    @Test
    @Tag("N4")
    void shouldMakeFlowIdsOfEightBits() {
        assertEquals(0, FlowHash.flowId(0));
        assertEquals(255, FlowHash.flowId(-1));
        assertEquals(1, FlowHash.flowId(1 << 24));
        assertEquals(0, FlowHash.flowId((1 << 24) - 1));
        assertEquals(128, FlowHash.flowId(1 << 31));
    }

    /** Consecutive flows, as one host makes them, spread evenly over ports, FlowIDs and table slots. */
    @Test
    @Tag("V4")
    @Tag("N4")
    @Tag("G12")
    void shouldSpreadManyFlows() {
        final int[] ports = new int[16384];
        final int[] ids = new int[256];
        final int[] slots = new int[1024];
        final int flows = 65_536;
        final byte[] frame = Bytes.hex(ipv4(6, "4000", 0x0a000001, 0x0a000002, 0, 443));
        final long address = Bytes.copy(frame);
        final ParsedFrame p = new ParsedFrame();
        for (int flow = 0; flow < flows; flow++) {
            Mem.putShort(address + 34, flow & 0xff);
            Mem.putByte(address + 33, flow >>> 8);
            FrameParser.parse(address, frame.length, frame.length, p);
            final int hash = FlowHash.symmetric(address, p, SEED);
            ports[FlowHash.sourcePort(hash) - 49152]++;
            ids[FlowHash.flowId(hash)]++;
            slots[hash & 1023]++;
        }
        assertTrue(Arrays.stream(ports).filter(n -> n > 0).count() > 15_800);
        assertTrue(Arrays.stream(ports).max().orElseThrow() <= 20);
        for (final int n : ids) {
            assertEquals(flows / 256, n, 90);
        }
        for (final int n : slots) {
            assertEquals(flows / 1024, n, 45);
        }
    }

    /** Pinned, so that replays of captures stay the same from version to version. */
    @Test
    void shouldGiveTheValuesOfEarlierVersions() {
        final int[] hashes = {
            hash(1, ipv4(6, "4000", 0x0a000001, 0x0a000002, 1, 2)),
            hash(1, ipv6("06", "fd".repeat(16), "fe".repeat(16), "00010002")),
            hash(1, "020000000002 020000000001 0806")
        };
        assertEquals("[462534132, -311331153, 1436082865]", Arrays.toString(hashes));
    }
}
