package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

class MacAddressTest {
    @Test
    void shouldParse() {
        assertEquals(0x020000000001L, MacAddress.parse("02:00:00:00:00:01"));
        assertEquals(0xfedcba987654L, MacAddress.parse("FE:dc:Ba:98:76:54"));
        assertEquals(0xfedcba987654L, MacAddress.parse("fe-dc-ba-98-76-54"));
        assertEquals(0xffffffffffffL, MacAddress.parse("ff:ff:ff:ff:ff:ff"));
    }

    @Test
    void shouldFormat() {
        assertEquals("02:00:00:00:00:01", MacAddress.format(0x020000000001L));
        assertEquals("fe:dc:ba:98:76:54", MacAddress.format(0xfedcba987654L));
        assertEquals("ff:ff:ff:ff:ff:ff", MacAddress.format(-1));
    }

    @Test
    void shouldParseWhatItFormats() {
        final Random random = new Random(48);
        for (int i = 0; i < 1000; i++) {
            final long mac = random.nextLong() >>> 16;
            assertEquals(mac, MacAddress.parse(MacAddress.format(mac)));
        }
    }

    @Test
    void shouldRefuseEverythingElse() {
        for (final String text : new String[] {
            "",
            "02:00:00:00:00",
            "02:00:00:00:00:1",
            "02:00:00:00:00:001",
            "020000000001",
            "02:00:00:00-00:01",
            "02.00.00.00.00.01",
            "0g:00:00:00:00:01",
            "02:00:00:00:00:0 ",
            "02:00:00:00:00:0\u0661",
            "02:00:00:00:000:1",
            " 2:00:00:00:00:01"
        }) {
            final var e = assertThrows(IllegalArgumentException.class, () -> MacAddress.parse(text), text);
            assertEquals(
                    "'" + text + "' is not a MAC address; write six pairs of hex digits, as 02:00:00:00:00:01",
                    e.getMessage());
        }
    }
}
