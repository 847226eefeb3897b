package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class GuardedMemoryTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();

    @Test
    void shouldFaultWhenReadPastItsEnd() {
        final long address = MEMORY.place(new byte[] {1, 2, 3}, 3);
        assertEquals(MEMORY.end() - 3, address);
        assertEquals(3, Mem.getByte(MEMORY.end() - 1));
        assertThrows(InternalError.class, () -> Mem.bytes(MEMORY.end(), 1));
        assertTrue(MEMORY.isMapped());
    }
}
