package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MssClampTest {
    private static final int SYN = 0x02;
    private static final int ACK = 0x10;
    private static final byte[] NOTHING = {};

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final GuardedMemory memory = new GuardedMemory();
    private final ParsedFrame parsed = new ParsedFrame();

    @BeforeEach
    void printSeed() {
        System.out.println("seed " + seed);
    }

    private static byte[] mss(final int size) {
        return new byte[] {2, 4, (byte) (size >>> 8), (byte) size};
    }

    /** A TCP frame with a right checksum; options are filled up with zeros. */
    private byte[] frame(final boolean v4, final int flags, final byte[] payload, final byte[]... options) {
        final byte[] all = Bytes.concat(options);
        final int header = 20 + ((all.length + 3) & -4);
        final byte[] tcp = Arrays.copyOf(Bytes.concat(new byte[20], all), header + payload.length);
        System.arraycopy(payload, 0, tcp, header, payload.length);
        for (int i = 0; i < 12; i++) {
            tcp[i] = (byte) random.nextInt();
        }
        tcp[12] = (byte) (header << 2);
        tcp[13] = (byte) flags;
        final byte[] ip = new byte[v4 ? 20 : 40];
        for (int i = v4 ? 12 : 8; i < ip.length; i++) {
            ip[i] = (byte) random.nextInt();
        }
        if (v4) {
            ip[0] = 0x45;
            put(ip, 2, 20 + tcp.length);
            ip[9] = 6;
        } else {
            ip[0] = 0x60;
            put(ip, 4, tcp.length);
            ip[6] = 6;
        }
        final byte[] frame = Bytes.concat(new byte[14], ip, tcp);
        put(frame, 12, v4 ? 0x0800 : 0x86dd);
        put(frame, 14 + ip.length + 16, ~sum(frame, ip.length) & 0xffff);
        return frame;
    }

    private static void put(final byte[] bytes, final int at, final int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    private static int get(final byte[] bytes, final int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    /** Ones' complement sum of pseudo header and TCP, the slow way: all ones where the checksum is right. */
    private static int sum(final byte[] frame, final int ipHeader) {
        long sum = 6L + frame.length - 14 - ipHeader;
        for (int i = 14 + (ipHeader == 20 ? 12 : 8); i < frame.length; i++) {
            sum += (long) (frame[i] & 0xff) << ((i & 1) == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }

    private boolean lower(final byte[] frame, final int available, final int mtu, final boolean summed) {
        final long at = memory.place(frame, available);
        assertTrue(FrameParser.parse(at, available, frame.length, parsed));
        final boolean lowered = MssClamp.lower(at, available, parsed, mtu, summed);
        System.arraycopy(Mem.bytes(at, available), 0, frame, 0, available);
        return lowered;
    }

    private boolean lower(final byte[] frame, final int mtu) {
        return lower(frame, frame.length, mtu, true);
    }

    @Test
    void shouldLowerSizeAndRepairChecksumWhereverTheOptionStands() {
        for (int round = 0; round < 5000; round++) {
            final boolean v4 = random.nextBoolean();
            final int ip = v4 ? 20 : 40;
            final byte[] before = new byte[random.nextInt(9)];
            Arrays.fill(before, (byte) 1);
            final byte[] timestamps = Bytes.concat(new byte[] {8, 10}, new byte[8]);
            final byte[] other = random.nextBoolean() ? timestamps : NOTHING;
            final int size = random.nextInt(0x10000);
            final byte[] payload = new byte[random.nextInt(20)];
            random.nextBytes(payload);
            final byte[] frame = frame(v4, SYN | (random.nextBoolean() ? ACK : 0), payload, before, other, mss(size));
            final byte[] original = frame.clone();
            final int mtu = ip + 20 + 1 + random.nextInt(9000);
            final int limit = mtu - ip - 20;
            assertEquals(size > limit, lower(frame, mtu));
            final int at = 14 + ip + 20 + before.length + other.length + 2;
            assertEquals(Math.min(size, limit), get(frame, at));
            assertEquals(0xffff, sum(frame, ip), "checksum");
            put(original, at, get(frame, at));
            put(original, 14 + ip + 16, get(frame, 14 + ip + 16));
            assertArrayEquals(original, frame, "nothing else is changed");
        }
    }

    @Test
    void shouldLeaveChecksumWhenItIsStillToBeFilledIn() {
        final byte[] frame = frame(true, SYN, NOTHING, mss(1460));
        final int checksum = get(frame, 14 + 20 + 16);
        assertTrue(lower(frame, frame.length, 1450, false));
        assertEquals(1410, get(frame, 14 + 20 + 20 + 2));
        assertEquals(checksum, get(frame, 14 + 20 + 16));
    }

    @Test
    void shouldLeaveAloneWhatOpensNoConnection() {
        for (final int flags : new int[] {0, ACK, 0x01, 0x04, 0x18}) {
            final byte[] frame = frame(true, flags, NOTHING, mss(1460));
            final byte[] original = frame.clone();
            assertFalse(lower(frame, 1000));
            assertArrayEquals(original, frame);
        }
        final byte[] udp = frame(true, SYN, NOTHING, mss(1460));
        udp[23] = 17;
        assertFalse(lower(udp, 1000));
        final byte[] fragment = frame(true, SYN, NOTHING, mss(1460));
        put(fragment, 20, 0x0005);
        assertFalse(lower(fragment, 1000));
        assertFalse(lower(frame(true, SYN, NOTHING), 1000), "none is put in");
        assertFalse(lower(frame(true, SYN, NOTHING, mss(1460)), 40), "there is no size that fits");
    }

    @Test
    void shouldLeaveAloneOptionsThatMakeNoSense() {
        final byte[][] bad = {
            {2, 3, 5, (byte) 180}, {2, 0, 5, (byte) 180}, {2, 5, 5, (byte) 180, 0}, {3, 1, 2, 4, 5, (byte) 180},
            {0, 2, 4, 5, (byte) 180}, {1, 1, 1, 2}, {8, 60, 2, 4, 5, (byte) 180}, {2, 4, 5}
        };
        for (final byte[] options : bad) {
            final byte[] frame = frame(true, SYN, NOTHING, options);
            if (options.length == 3) {
                // The option is cut off by the end of the header.
                frame[14 + 20 + 12] = (byte) 0x50;
            }
            final byte[] original = frame.clone();
            assertFalse(lower(frame, 500), () -> Arrays.toString(options));
            assertArrayEquals(original, frame);
        }
    }

    @Test
    void shouldNeitherReadNorWriteBeyondWhatIsThere() {
        for (int round = 0; round < 50_000; round++) {
            final boolean v4 = random.nextBoolean();
            final byte[] options = new byte[random.nextInt(41)];
            random.nextBytes(options);
            for (int i = 0; i < options.length; i++) {
                options[i] = random.nextInt(3) == 0 ? options[i] : (byte) random.nextInt(5);
            }
            final byte[] frame = frame(v4, SYN, new byte[random.nextInt(4)], options);
            frame[14 + (v4 ? 20 : 40) + 12] = (byte) random.nextInt();
            final int available = 14 + random.nextInt(frame.length - 13);
            // Beyond its end the memory is not readable: a step too far ends the test.
            lower(frame, available, random.nextInt(2000), random.nextBoolean());
        }
        assertTrue(memory.isMapped());
    }
}
