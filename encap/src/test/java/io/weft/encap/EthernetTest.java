package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EthernetTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();

    @Test
    void shouldReadFieldsOfAFrameThatIsAHeaderOnly() {
        final byte[] header = Bytes.hex("f1f2f3f4f5f6 e1e2e3e4e5e6 86dd");
        final long address = MEMORY.place(header, header.length);
        assertEquals(0xf1f2f3f4f5f6L, Ethernet.destination(address));
        assertEquals(0xe1e2e3e4e5e6L, Ethernet.source(address));
        assertEquals(Ethernet.TYPE_IPV6, Ethernet.type(address));
        assertEquals(0xe1e2e3e4e5e6L, Ethernet.getMac(address + 6));
    }

    @Test
    void shouldWriteFieldsAndNothingElse() {
        final long address = Bytes.copy("00".repeat(16));
        Ethernet.destination(address, 0x0a0b0c0d0e0fL);
        assertEquals("0a0b0c0d0e0f" + "00".repeat(10), Bytes.text(address, 16));
        Ethernet.source(address, 0xff01020304feL);
        Ethernet.type(address, 0x18100);
        assertEquals("0a0b0c0d0e0fff01020304fe81000000", Bytes.text(address, 16));
        assertEquals(0, Mem.getByte(address - 1));
    }

    @Test
    void shouldTellGroupsFromStations() {
        assertTrue(Ethernet.isMulticast(Ethernet.BROADCAST));
        assertTrue(Ethernet.isMulticast(0x3333_0000_0001L));
        assertTrue(Ethernet.isMulticast(0x0100_5e00_0001L));
        assertFalse(Ethernet.isMulticast(0x0200_0000_0001L));
        assertFalse(Ethernet.isMulticast(0xfeff_ffff_ffffL));
    }

    @Test
    void shouldNameTypes() {
        assertEquals(0x0800, Ethernet.TYPE_IPV4);
        assertEquals(0x0806, Ethernet.TYPE_ARP);
        assertEquals(0x6558, Ethernet.TYPE_TRANSPARENT_BRIDGING);
        assertEquals(0x8035, Ethernet.TYPE_RARP);
        assertEquals(0x8100, Ethernet.TYPE_VLAN);
        assertEquals(0x88a8, Ethernet.TYPE_SERVICE_VLAN);
        assertEquals(14, Ethernet.HEADER_LENGTH);
        assertEquals(60, Ethernet.MIN_FRAME_LENGTH);
    }
}
