package io.weft.flowcache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import org.junit.jupiter.api.Test;

/** The interleavings of a reader and a writer, one by one. */
class SlotReaderTest {
    private static final int VERSION = 16;

    private final long slot = Mem.allocate(64, 64);

    /** A reader between whose two words a writer takes a step. */
    private abstract static class Disturbed extends SlotReader {
        int loads;

        Disturbed() {
            super(2, VERSION);
        }

        abstract void disturb();

        @Override
        void load(final long from) {
            loads++;
            words[0] = Mem.getLongAcquire(from);
            disturb();
            words[1] = Mem.getLongAcquire(from + 8);
        }
    }

    private void write(final long word0, final long word1, final long version) {
        Mem.putLongNative(slot, word0);
        Mem.putLongNative(slot + 8, word1);
        Mem.putLongNative(slot + VERSION, version);
    }

    @Test
    void shouldReadASlotThatHoldsStill() {
        write(1, 2, 4);
        final SlotReader reader = new SlotReader(2, VERSION);
        assertTrue(reader.read(slot));
        assertArrayEquals(new long[] {1, 2}, reader.words);
    }

    @Test
    void shouldReadAgainWhenTheSlotWasRewrittenMeanwhile() {
        write(1, 2, 4);
        final Disturbed reader = new Disturbed() {
            @Override
            void disturb() {
                if (loads == 1) {
                    write(3, 4, 6);
                }
            }
        };
        assertTrue(reader.read(slot));
        assertEquals(2, reader.loads);
        assertArrayEquals(new long[] {3, 4}, reader.words);
    }

    @Test
    void shouldReadAgainWhenAWriteWasBegunAndEnded() {
        write(1, 2, 4);
        final Disturbed reader = new Disturbed() {
            @Override
            void disturb() {
                if (loads < SlotReader.TRIES) {
                    write(3, 4, 4 + 2L * loads);
                }
            }
        };
        assertTrue(reader.read(slot), "the last try must count");
        assertEquals(SlotReader.TRIES, reader.loads);
    }

    @Test
    void shouldGiveUpWhenTheSlotNeverHoldsStill() {
        final Disturbed reader = new Disturbed() {
            @Override
            void disturb() {
                write(3, 4, 2L * loads);
            }
        };
        assertFalse(reader.read(slot));
        assertEquals(SlotReader.TRIES, reader.loads);
    }

    @Test
    void shouldNotEvenLoadWhileASlotIsBeingWritten() {
        write(1, 2, 5);
        final Disturbed reader = new Disturbed() {
            @Override
            void disturb() {
                write(1, 2, 5);
            }
        };
        assertFalse(reader.read(slot));
        assertEquals(0, reader.loads);
    }
}
