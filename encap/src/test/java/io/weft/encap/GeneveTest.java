package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class GeneveTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();

    /** Checks a header of exactly these bytes, of which none after them can be read. */
    private static int check(final String... text) {
        final byte[] header = Bytes.hex(text);
        return Geneve.check(MEMORY.place(header, header.length), header.length);
    }

    @Test
    void shouldReadFields() {
        final long header = Bytes.copy("bf c0 e1e2 f1f2f3 77");
        assertEquals(2, Geneve.version(header));
        assertEquals(260, Geneve.headerLength(header));
        assertEquals(0xe1e2, Geneve.protocolType(header));
        assertEquals(0xf1f2f3, Geneve.vni(header));
        assertEquals(8, Geneve.headerLength(Bytes.copy("c0")));
        assertEquals(12, Geneve.headerLength(Bytes.copy("01")));
    }

    @Test
    @Tag("G6")
    @Tag("G9")
    @Tag("G10")
    void shouldSendEthernetWithoutOptionsAndReserveTheRest() {
        assertEquals(0x0000_6558_fedc_ba00L, Geneve.header(0xfedcba));
        assertEquals(0x0000_6558_0000_0000L, Geneve.header(0));
        final long header = Bytes.copy("0000000000000000");
        Mem.putLong(header, Geneve.header(0xfedcba));
        assertEquals(Geneve.OK, Geneve.check(header, 8));
        assertEquals(0xfedcba, Geneve.vni(header));
    }

    @Test
    @Tag("G1")
    void shouldRefuseOtherVersions() {
        assertEquals(Geneve.UNKNOWN_VERSION, check("40 00 6558 00000100"));
        assertEquals(Geneve.UNKNOWN_VERSION, check("80 00 6558 00000100"));
        assertEquals(Geneve.UNKNOWN_VERSION, check("c0 00 6558 00000100"));
        assertEquals(Geneve.UNKNOWN_VERSION, check("ff ff 0800 00000100"));
        assertEquals(Geneve.OK, check("00 00 6558 00000100"));
    }

    @Test
    @Tag("G2")
    void shouldRefuseControlPackets() {
        assertEquals(Geneve.CONTROL, check("00 80 6558 00000100"));
        assertEquals(Geneve.CONTROL, check("00 c0 6558 00000100"));
        assertEquals(Geneve.CONTROL, check("01 80 0000 00000100 01020300"));
    }

    @Test
    @Tag("G3")
    @Tag("G4")
    void shouldRefuseAnUnknownCriticalOption() {
        assertEquals(Geneve.UNKNOWN_CRITICAL_OPTION, check("01 40 6558 00000100 01028000"));
        assertEquals(Geneve.UNKNOWN_CRITICAL_OPTION, check("02 40 6558 00000100 01020300 0102ff00"));
        assertEquals(Geneve.UNKNOWN_CRITICAL_OPTION, check("03 40 6558 00000100 01028001 00000000 01020000"));
        // A critical option is refused before the payload's type is looked at.
        assertEquals(Geneve.UNKNOWN_CRITICAL_OPTION, check("01 40 0800 00000100 01028000"));
    }

    @Test
    @Tag("G3")
    void shouldParseOptionsUnderTheCriticalFlag() {
        assertEquals(Geneve.OK, check("01 40 6558 00000100 01027f00"));
        assertEquals(Geneve.OK, check("03 40 6558 00000100 01020301 80808080 01020300"));
        // The class and the body may have any bits.
        assertEquals(Geneve.OK, check("02 40 6558 00000100 ffff7f01 ffffffff"));
        assertEquals(Geneve.OK, check("00 40 6558 00000100"));
    }

    @Test
    @Tag("G5")
    void shouldPassOverOptionsWithoutTheCriticalFlag() {
        assertEquals(Geneve.OK, check("01 00 6558 00000100 01020300"));
        assertEquals(Geneve.OK, check("01 00 6558 00000100 01028000"));
        assertEquals(Geneve.OK, check("01 00 6558 00000100 0102031f"));
        assertEquals(Geneve.OK, check("3f 00 6558 00000100", "ff".repeat(252)));
    }

    @Test
    @Tag("G6")
    void shouldIgnoreReservedBits() {
        assertEquals(Geneve.OK, check("00 3f 6558 000001ff"));
        assertEquals(Geneve.OK, check("01 7f 6558 000001ff 010203e0"));
    }

    @Test
    @Tag("G7")
    void shouldRefuseOptionsThatDoNotAddUp() {
        assertEquals(Geneve.BAD_OPTIONS, check("01 40 6558 00000100 01020301"));
        assertEquals(Geneve.BAD_OPTIONS, check("02 40 6558 00000100 01020302 00000000"));
        assertEquals(Geneve.BAD_OPTIONS, check("02 40 6558 00000100 01020300 0102031f"));
        // Not adding up comes before critical.
        assertEquals(Geneve.BAD_OPTIONS, check("01 40 6558 00000100 01028001"));
        // An option of length 0 is legal.
        assertEquals(Geneve.OK, check("02 40 6558 00000100 01020300 01020300"));
    }

    @Test
    @Tag("G8")
    void shouldTakeHeadersOf8To260Bytes() {
        assertEquals(Geneve.TRUNCATED, Geneve.check(MEMORY.end(), 0));
        assertEquals(Geneve.TRUNCATED, check("00 00 6558 000001"));
        assertEquals(Geneve.OK, check("00 00 6558 00000100"));
        assertEquals(Geneve.TRUNCATED, check("01 00 6558 00000100 010203"));
        assertEquals(Geneve.TRUNCATED, check("01 80 6558 00000100 010203"));
        assertEquals(Geneve.OK, check("3f 40 6558 00000100", "00000000".repeat(63)));
        assertEquals(Geneve.TRUNCATED, check("3f 40 6558 00000100", "00000000".repeat(62), "000000"));
        assertEquals(260, Geneve.MAX_HEADER_LENGTH);
    }

    @Test
    @Tag("G10")
    void shouldRefusePayloadsOtherThanEthernet() {
        assertEquals(Geneve.NOT_ETHERNET, check("00 00 0800 00000100"));
        assertEquals(Geneve.NOT_ETHERNET, check("00 40 86dd 00000100"));
        assertEquals(Geneve.NOT_ETHERNET, check("01 00 0000 00000100 01020300"));
    }

    @Test
    void shouldNameEachRefusal() {
        final Set<String> names = new HashSet<>();
        for (int code = Geneve.OK; code <= Geneve.NOT_ETHERNET; code++) {
            assertTrue(names.add(Geneve.name(code)));
        }
        assertEquals("geneve-unknown-version", Geneve.name(Geneve.UNKNOWN_VERSION));
        assertEquals("geneve-unknown-critical-option", Geneve.name(Geneve.UNKNOWN_CRITICAL_OPTION));
    }
}
