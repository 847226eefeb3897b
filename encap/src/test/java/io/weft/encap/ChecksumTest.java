package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ChecksumTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();

    /** RFC 1071, section 4.1, word by word. */
    private static int reference(final byte[] bytes, final int from, final int to) {
        int sum = 0;
        for (int i = from; i < to; i++) {
            final int value = bytes[i] & 0xff;
            sum += (i - from) % 2 == 0 ? value << 8 : value;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    @Test
    void shouldSumTheExampleOfRfc1071() {
        final long address = Bytes.copy("0001 f203 f4f5 f6f7");
        assertEquals(0xddf2, Checksum.sum(address, 8));
        assertEquals(0x220d, Checksum.finish(0xddf2));
    }

    @Test
    void shouldSumEveryLengthAndReadNoFurther() {
        final Random random = new Random(1071);
        for (int length = 0; length < 300; length++) {
            final byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            final long address = MEMORY.place(bytes, length);
            assertEquals(reference(bytes, 0, length), Checksum.sum(address, length), "length " + length);
        }
    }

    @Test
    void shouldSumLargeAndExtremeData() {
        final byte[] ones = new byte[GuardedMemory.SIZE - 1];
        Arrays.fill(ones, (byte) 0xff);
        final long address = MEMORY.place(ones, ones.length);
        assertEquals(reference(ones, 0, ones.length), Checksum.sum(address, ones.length));
        assertEquals(0xffff, Checksum.sum(address, 65534));
        Mem.fill(address, ones.length, 0);
        assertEquals(0, Checksum.sum(address, ones.length));
        assertEquals(0, Checksum.sum(address, 0));
    }

    @Test
    void shouldJoinPartsAtEvenAndOddOffsets() {
        final Random random = new Random(4242);
        for (int i = 0; i < 2000; i++) {
            final byte[] bytes = new byte[1 + random.nextInt(200)];
            random.nextBytes(bytes);
            final long address = Bytes.copy(bytes);
            final int first = random.nextInt(bytes.length);
            final int second = first + random.nextInt(bytes.length - first);
            int sum = Checksum.sum(address, first);
            sum = Checksum.addAt(sum, Checksum.sum(address + first, second - first), first);
            sum = Checksum.addAt(sum, Checksum.sum(address + second, bytes.length - second), second);
            assertEquals(reference(bytes, 0, bytes.length), sum, "seed 4242, round " + i);
        }
    }

    @Test
    void shouldAddWithTheCarryAround() {
        assertEquals(0xffff, Checksum.add(0xffff, 0xffff));
        assertEquals(1, Checksum.add(0xffff, 1));
        assertEquals(0xffff, Checksum.add(0xfffe, 1));
        assertEquals(0, Checksum.add(0, 0));
        assertEquals(0x3412, Checksum.swap(0x1234));
        assertEquals(0xff00, Checksum.swap(0x00ff));
        assertEquals(0x1246, Checksum.addAt(0x1234, 0x1200, 1));
        assertEquals(0x2434, Checksum.addAt(0x1234, 0x1200, 2));
    }

    @Test
    void shouldFoldAnyNumberOfWords() {
        assertEquals(0, Checksum.fold(0));
        assertEquals(0xffff, Checksum.fold(-1L));
        assertEquals(0xffff, Checksum.fold(0xffffL));
        assertEquals(1, Checksum.fold(0x10000L));
        assertEquals(2, Checksum.fold(0x1_0000_0001L));
        assertEquals(1, Checksum.fold(0xffff_0000_ffff_0001L));
        final Random random = new Random(64);
        for (int i = 0; i < 10_000; i++) {
            final long words = random.nextLong() >>> random.nextInt(64);
            final long modulo = Long.remainderUnsigned(words, 0xffff);
            assertEquals(words != 0 && modulo == 0 ? 0xffff : modulo, Checksum.fold(words), "seed 64, round " + i);
        }
    }

    @Test
    void shouldUpdateTheExampleOfRfc1624() {
        // Section 4: the case where the older equation gave 0xffff.
        assertEquals(0x0000, Checksum.update(0xdd2f, 0x5555, 0x3285));
    }

    @Test
    void shouldUpdateToWhatAFullSumGives() {
        final Random random = new Random(1624);
        final byte[] bytes = new byte[20];
        for (int i = 0; i < 10_000; i++) {
            random.nextBytes(bytes);
            bytes[0] = 0x45;
            final long ip = Bytes.copy(bytes);
            final int checksum = Checksum.ipv4Header(ip, 20);
            final int word = 2 * random.nextInt(5);
            final int before = Mem.getShort(ip + word);
            final int after = i % 3 == 0 ? 0 : i % 3 == 1 ? 0xffff : random.nextInt(0x10000);
            Mem.putShort(ip + word, after);
            if (Mem.getLong(ip) != 0) {
                assertEquals(
                        Checksum.ipv4Header(ip, 20), Checksum.update(checksum, before, after), "seed 1624, round " + i);
            }
        }
    }

    @Test
    void shouldSumAnIpv4HeaderWhateverItsFieldHolds() {
        final long ip = Bytes.copy("4500 0073 0000 4000 4011 0000 c0a80001 c0a800c7 ffff");
        for (final int field : new int[] {0, 0xb861, 0xffff, 0x1234}) {
            Ipv4.checksum(ip, field);
            assertEquals(0xb861, Checksum.ipv4Header(ip, 20));
            assertEquals(field == 0xb861, Checksum.isIpv4HeaderRight(ip, 20));
        }
        final long options = Bytes.copy("4600 0073 0000 4000 4011 0000 c0a80001 c0a800c7 94040000");
        assertEquals(0x235d, Checksum.ipv4Header(options, 24));
    }

    @Test
    @Tag("V6")
    @Tag("G13")
    void shouldSumThePseudoHeaderOfIpv4() {
        final long ip = Bytes.copy("4500 0021 0000 4000 4011 0000 98330833 0cd0f15e");
        assertEquals(0x9833 + 0x0833 + 0x0cd0 + 0xf15e + 17 + 13 - 0xffff, Checksum.pseudoIpv4(ip, 17, 13));
        assertEquals(Checksum.pseudoIpv4(ip, 17, 13), Checksum.pseudo(ip, 4, 17, 13));
        final long extreme = Bytes.copy("4500 0021 0000 4000 4011 0000 ffffffff ffffffff");
        assertEquals(0xff + 0xffff - 0xffff, Checksum.pseudoIpv4(extreme, 0xff, 0xffff));
    }

    @Test
    @Tag("V6")
    @Tag("G13")
    void shouldSumThePseudoHeaderOfIpv6() {
        final byte[] header =
                Bytes.hex("60000000 0010 1140", "fd000001000000000000000000000001", "fd000002000000000000000000000002");
        final long ip = MEMORY.place(header, 40);
        assertEquals(2 * 0xfd00 - 0xffff + 1 + 2 + 1 + 2 + 17 + 16, Checksum.pseudoIpv6(ip, 17, 16));
        assertEquals(Checksum.pseudoIpv6(ip, 17, 16), Checksum.pseudo(ip, 6, 17, 16));
        Mem.putByte(ip + Ipv6.DESTINATION + 15, 3);
        assertEquals(2 * 0xfd00 - 0xffff + 1 + 2 + 1 + 3 + 17 + 16, Checksum.pseudoIpv6(ip, 17, 16));
    }

    @Test
    @Tag("U5")
    void shouldNeverFinishUdpAsZero() {
        assertEquals(0xffff, Checksum.finishUdp(0xffff));
        assertEquals(0xffff, Checksum.finishUdp(0));
        assertEquals(1, Checksum.finishUdp(0xfffe));
        assertEquals(0, Checksum.finish(0xffff));
        assertEquals(0xffff, Checksum.finish(0));
    }

    @Test
    void shouldVerify() {
        assertTrue(Checksum.isRight(0xffff));
        assertFalse(Checksum.isRight(0));
        assertFalse(Checksum.isRight(0xfffe));
    }
}
