package io.weft.flowcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SeededHashTest {
    private static final int BUCKETS = 1024;
    private static final int KEYS = 64 * BUCKETS;

    @Test
    void shouldRepeatWithTheSameSeedOnly() {
        assertEquals(new SeededHash(7).of(1, 2), new SeededHash(7).of(1, 2));
        assertEquals(new SeededHash(7).of(1, 2, 3), new SeededHash(7).of(1, 2, 3));
        assertNotEquals(new SeededHash(7).of(1, 2), new SeededHash(8).of(1, 2));
        assertNotEquals(new SeededHash(7).of(1, 2, 3), new SeededHash(8).of(1, 2, 3));
    }

    /** The hash decides where mapped tables and replays put things: a change of it must be seen. */
    @Test
    void shouldKeepItsValues() {
        assertEquals(0xb97deb38b53e8609L, new SeededHash(42).of(1, 2));
        assertEquals(0x8dc5a9214933a78fL, new SeededHash(42).of(1, 2, 3));
    }

    @Test
    void shouldSpreadCountedKeysInEachWordOverHighAndLowBits() {
        for (int word = 0; word < 3; word++) {
            for (int shift = 0; shift < 64; shift += 16) {
                assertSpread(word, shift, 0);
                assertSpread(word, shift, 54);
            }
        }
    }

    private static void assertSpread(final int word, final int keyShift, final int hashShift) {
        final SeededHash hash = new SeededHash(99);
        final int[] counts = new int[BUCKETS];
        for (int i = 0; i < KEYS; i++) {
            // 16 bits of key in the word, at the shift.
            final long key = (long) i << keyShift;
            final long value = word == 2 ? hash.of(1, 2, key) : word == 1 ? hash.of(1, key) : hash.of(key, 1);
            counts[(int) (value >>> hashShift) & (BUCKETS - 1)]++;
        }
        double chiSquared = 0;
        for (final int count : counts) {
            chiSquared += (count - 64.0) * (count - 64.0) / 64.0;
        }
        // 1,023 degrees of freedom: mean 1,023, deviation 45.
        assertTrue(chiSquared < 1023 + 6 * 45, "word " + word + " << " + keyShift + ": chi squared " + chiSquared);
    }
}
