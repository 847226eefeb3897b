package io.weft.flowcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class FloodListTest {
    @Test
    void shouldBeEmptyAtFirst() {
        assertEquals(0, FloodList.EMPTY.portCount());
        assertEquals(0, FloodList.EMPTY.tunnelCount());
    }

    @Test
    void shouldKeepOrderWhenAdded() {
        final FloodList list = FloodList.EMPTY
                .withPort(5)
                .withTunnel(9)
                .withPort(3)
                .withTunnel(1)
                .withPort(4);
        assertEquals("ports [5, 3, 4], tunnels [9, 1]", list.toString());
        assertEquals(3, list.portCount());
        assertEquals(2, list.tunnelCount());
        assertEquals(3, list.port(1));
        assertEquals(1, list.tunnel(1));
    }

    @Test
    void shouldRemoveFirstMiddleAndLast() {
        final FloodList list = FloodList.EMPTY
                .withPort(1)
                .withPort(2)
                .withPort(3)
                .withTunnel(1)
                .withTunnel(2)
                .withTunnel(3);
        assertEquals("ports [2, 3], tunnels [1, 2, 3]", list.withoutPort(1).toString());
        assertEquals("ports [1, 3], tunnels [1, 2, 3]", list.withoutPort(2).toString());
        assertEquals("ports [1, 2], tunnels [1, 2, 3]", list.withoutPort(3).toString());
        assertEquals("ports [1, 2, 3], tunnels [2, 3]", list.withoutTunnel(1).toString());
        assertEquals("ports [1, 2, 3], tunnels [1, 3]", list.withoutTunnel(2).toString());
        assertEquals("ports [1, 2, 3], tunnels [1, 2]", list.withoutTunnel(3).toString());
        assertEquals("ports [1, 2, 3], tunnels [1, 2, 3]", list.toString());
    }

    @Test
    void shouldReturnItselfWhenNothingChanges() {
        final FloodList list = FloodList.EMPTY.withPort(1).withTunnel(2);
        assertSame(list, list.withPort(1));
        assertSame(list, list.withTunnel(2));
        assertSame(list, list.withoutPort(2));
        assertSame(list, list.withoutTunnel(1));
    }
}
