package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TunnelCodecTest {
    @Test
    @Tag("V1")
    void shouldSendOnlyTheIFlagAndReserveTheRest() {
        final long header = Bytes.copy("77".repeat(10));
        Mem.putLong(header, Vxlan.header(0xfedcba));
        assertEquals("08000000fedcba007777", Bytes.text(header, 10));
        assertEquals(0x0800_0000_0000_0000L, Vxlan.header(0));
        assertEquals(0x0800_0000_ffff_ff00L, Vxlan.header(Vxlan.VNI_MAX));
    }

    @Test
    @Tag("V2")
    void shouldIgnoreReservedBitsOfVxlan() {
        final Random random = new Random(2);
        for (int i = 0; i < 1000; i++) {
            final int vni = random.nextInt(1 << 24);
            final long reserved = random.nextLong() & 0xf7ff_ffff_0000_00ffL;
            final long header = Bytes.copy("0000000000000000");
            Mem.putLong(header, Vxlan.header(vni) | reserved);
            assertTrue(Vxlan.hasVni(header));
            assertEquals(vni, Vxlan.vni(header));
            Mem.putLong(header, (long) vni << 8 | reserved);
            assertFalse(Vxlan.hasVni(header));
        }
    }

    @Test
    @Tag("N1")
    void shouldTakeNothingButNvgresFirstWord() {
        assertTrue(Nvgre.isNvgre(0x20006558));
        for (int bit = 0; bit < 32; bit++) {
            // RFC 2784 numbers bits from the left: of Reserved0, 1 to 5 must be 0 and 6 to 12 are ignored.
            final boolean ignored = bit >= 6 && bit <= 12;
            assertEquals(ignored, Nvgre.isNvgre(0x20006558 ^ 0x80000000 >>> bit), "bit " + bit);
        }
        assertTrue(Nvgre.isNvgre(0x23f86558));
        assertEquals(0x20006558, (int) (Nvgre.header(0xffffff, 0xff) >>> 32));
    }

    @Test
    @Tag("N2")
    void shouldKeepVsidAboveFlowId() {
        final long header = Bytes.copy("0000000000000000");
        Mem.putLong(header, Nvgre.header(0xfedcba, 0x98));
        assertEquals("20006558fedcba98", Bytes.text(header, 8));
        assertEquals(0xfedcba, Nvgre.vsid(header));
        assertEquals(0x98, Nvgre.flowId(header));
    }

    @Test
    @Tag("N3")
    void shouldKnowReservedVsids() {
        assertFalse(Nvgre.isTenantVsid(0));
        assertFalse(Nvgre.isTenantVsid(0xfff));
        assertTrue(Nvgre.isTenantVsid(0x1000));
        assertTrue(Nvgre.isTenantVsid(0xfffffe));
        assertFalse(Nvgre.isTenantVsid(0xffffff));
        assertFalse(Nvgre.isTenantVsid(-1));
    }

    @Test
    @Tag("V1")
    @Tag("N2")
    @Tag("N4")
    @Tag("G6")
    @Tag("G10")
    void shouldWriteTunnelHeaders() {
        final long to = Bytes.copy("77".repeat(9));
        final int hash = 0xab123456;
        new TunnelHeader(Encapsulation.VXLAN, 0xfedcba, true).write(to, hash);
        assertEquals("08000000fedcba0077", Bytes.text(to, 9));
        new TunnelHeader(Encapsulation.GENEVE, 0xfedcba, true).write(to, hash);
        assertEquals("00006558fedcba0077", Bytes.text(to, 9));
        new TunnelHeader(Encapsulation.NVGRE, 0xfedcba, true).write(to, hash);
        assertEquals("20006558fedcbaab77", Bytes.text(to, 9));
        new TunnelHeader(Encapsulation.NVGRE, 0xfedcba, false).write(to, hash);
        assertEquals("20006558fedcba0077", Bytes.text(to, 9));
    }

    @Test
    void shouldRefuseAVniBeyond24Bits() {
        new TunnelHeader(Encapsulation.VXLAN, 0, false);
        new TunnelHeader(Encapsulation.VXLAN, 0xffffff, false);
        for (final int vni : new int[] {-1, 0x1000000}) {
            final var e = assertThrows(
                    IllegalArgumentException.class, () -> new TunnelHeader(Encapsulation.VXLAN, vni, false));
            assertEquals("a VNI has 24 bits: 0 to 16777215, not " + vni, e.getMessage());
        }
    }

    @Test
    @Tag("V3")
    @Tag("G11")
    void shouldHaveThePortsOfTheRfcs() {
        assertEquals(4789, Encapsulation.VXLAN.defaultPort());
        assertEquals(6081, Encapsulation.GENEVE.defaultPort());
        assertEquals(0, Encapsulation.NVGRE.defaultPort());
        assertTrue(Encapsulation.VXLAN.isUdp());
        assertTrue(Encapsulation.GENEVE.isUdp());
        assertFalse(Encapsulation.NVGRE.isUdp());
    }

    @Test
    void shouldParseItsOwnLabels() {
        for (final Encapsulation encapsulation : Encapsulation.values()) {
            assertEquals(encapsulation, Encapsulation.parse(encapsulation.label()));
        }
        assertEquals(Encapsulation.VXLAN, Encapsulation.parse("vxlan"));
        final var e = assertThrows(IllegalArgumentException.class, () -> Encapsulation.parse("VXLAN"));
        assertEquals("'VXLAN' is not an encapsulation; use vxlan, nvgre or geneve", e.getMessage());
    }
}
