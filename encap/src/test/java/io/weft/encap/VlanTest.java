package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class VlanTest {
    private static final String MACS = "f1f2f3f4f5f6e1e2e3e4e5e6";
    private static final String REST = "0800450000aa";

    @Test
    void shouldPushATagIntoTheHeadroom() {
        final long frame = Bytes.copy(MACS, REST);
        Mem.fill(frame - 8, 8, 0x77);
        Vlan.push(frame, Vlan.TPID_SERVICE, 0xa064);
        assertEquals("77777777" + MACS + "88a8a064" + REST, Bytes.text(frame - 8, 26));
    }

    @Test
    @Tag("V11")
    @Tag("N5")
    void shouldStripATagAndLeaveTheRest() {
        final long frame = Bytes.copy(MACS, "8100a064", REST);
        Mem.fill(frame - 8, 8, 0x77);
        Vlan.strip(frame);
        assertEquals(MACS + REST, Bytes.text(frame + 4, 18));
        assertEquals("7777777777777777", Bytes.text(frame - 8, 8));
    }

    @Test
    void shouldStripWhatWasPushed() {
        final long frame = Bytes.copy(MACS, REST);
        Vlan.push(frame, Vlan.TPID_CUSTOMER, 1);
        Vlan.push(frame - 4, Vlan.TPID_SERVICE, 2);
        assertEquals(MACS + "88a8000281000001" + REST, Bytes.text(frame - 8, 26));
        Vlan.strip(frame - 8);
        assertEquals(MACS + "81000001" + REST, Bytes.text(frame - 4, 22));
        Vlan.strip(frame - 4);
        assertEquals(MACS + REST, Bytes.text(frame, 18));
    }

    @Test
    void shouldReadATag() {
        final long tag = Bytes.copy("88a8 b123");
        assertEquals(0x88a8, Vlan.tpid(tag));
        assertEquals(0xb123, Vlan.tci(tag));
        assertEquals(0x123, Vlan.vid(0xb123));
        assertEquals(5, Vlan.pcp(0xb123));
        assertEquals(0xfff, Vlan.vid(0xffff));
        assertEquals(7, Vlan.pcp(0xffff));
        assertEquals(0, Vlan.pcp(0x1fff));
        Vlan.tci(tag, 0x0fff);
        assertEquals("88a80fff", Bytes.text(tag, 4));
    }

    @Test
    void shouldKnowTpids() {
        assertTrue(Vlan.isTpid(0x8100));
        assertTrue(Vlan.isTpid(0x88a8));
        assertFalse(Vlan.isTpid(0x0800));
        assertFalse(Vlan.isTpid(0x9100));
    }
}
