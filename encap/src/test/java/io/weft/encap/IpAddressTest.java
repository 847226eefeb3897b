package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IpAddressTest {
    @Test
    void shouldParseIpv4() {
        assertEquals(new IpAddress(4, 0, 0x0a010001L), IpAddress.parse("10.1.0.1"));
        assertEquals(new IpAddress(4, 0, 0xffffffffL), IpAddress.parse("255.255.255.255"));
        assertEquals(new IpAddress(4, 0, 0), IpAddress.parse("0.0.0.0"));
        assertEquals(IpAddress.v4(0xc0a80001), IpAddress.parse("192.168.0.1"));
    }

    @Test
    void shouldParseIpv6() {
        assertEquals(IpAddress.v6(0, 0), IpAddress.parse("::"));
        assertEquals(IpAddress.v6(0, 1), IpAddress.parse("::1"));
        assertEquals(IpAddress.v6(0x0001_0000_0000_0000L, 0), IpAddress.parse("1::"));
        assertEquals(IpAddress.v6(0xfd00_0001_0000_0000L, 1), IpAddress.parse("fd00:1::1"));
        assertEquals(IpAddress.v6(0x0001_0002_0003_0004L, 0x0005_0006_0007_0008L), IpAddress.parse("1:2:3:4:5:6:7:8"));
        assertEquals(IpAddress.v6(0x0001_0002_0003_0004L, 0x0005_0006_0007_0000L), IpAddress.parse("1:2:3:4:5:6:7::"));
        assertEquals(IpAddress.v6(0x0000_0002_0003_0004L, 0x0005_0006_0007_0008L), IpAddress.parse("::2:3:4:5:6:7:8"));
        assertEquals(IpAddress.v6(0xABCD_0000_0000_0000L, 0xEFL), IpAddress.parse("AbCd::eF"));
        assertEquals(IpAddress.v6(0, 0xffff_0a01_0203L), IpAddress.parse("::ffff:10.1.2.3"));
        assertEquals(IpAddress.v6(0x0064_ff9b_0000_0000L, 0xffff_ffffL), IpAddress.parse("64:ff9b::255.255.255.255"));
        assertEquals(
                IpAddress.v6(0x0001_0002_0003_0004L, 0x0005_0006_0a01_0203L), IpAddress.parse("1:2:3:4:5:6:10.1.2.3"));
    }

    @Test
    void shouldRefuseEverythingElse() {
        for (final String text : new String[] {
            "",
            "1",
            "1.2.3",
            "1.2.3.",
            ".1.2.3",
            "1.2.3.4.",
            "1.2.3.4.5",
            "256.1.1.1",
            "4294967297.1.1.1",
            "1000.1.1.1",
            "1.1.1.256",
            "01.1.1.1",
            "1.1.1.00",
            "1..1.1",
            "1.2.3.a",
            "1.2.3.-4",
            "1.2.3.4 ",
            " 1.2.3.4",
            "0001.2.3.4",
            "1,2.3.4",
            "localhost",
            "a.b.c.d",
            ":",
            ":::",
            "1:2",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "1::2::3",
            "1:::2",
            ":1::2",
            "1::2:",
            "12345::",
            "g::",
            "::-1",
            "fe80::1%eth0",
            "1:2:3:4:5:6:7:1.2.3.4",
            "1.2.3.4::",
            "::1.2.3.4:5",
            "::1.2.3",
            "1:2:3:4:1.2.3.4::",
            "1:2:3:4:5:6:7:8:",
            ":1:2:3:4:5:6:7:8",
            "\u0661::",
            "[::1]",
            "1:2:3:4:5:6:7:8:9:a",
            "1::2:3:4:5:6:1.2.3.4"
        }) {
            final var e = assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text), text);
            assertEquals(
                    "'" + text
                            + "' is not an IP address; write an IPv4 or IPv6 address, as 10.1.0.1 or fd00::1, not a name",
                    e.getMessage());
        }
    }

    /** The examples of RFC 5952, sections 4 and 5. */
    @Test
    void shouldFormatCanonically() {
        for (final String text : new String[] {
            "0.0.0.0",
            "10.1.0.255",
            "255.255.255.255",
            "::",
            "::1",
            "1::",
            "2001:db8::1",
            "2001:db8::2:1",
            "2001:db8:0:1:1:1:1:1",
            "2001:0:0:1::1",
            "2001:db8::1:0:0:1",
            "::ffff:192.0.2.1",
            "1:0:0:2::",
            "::1:0:0:2:0:0",
            "0:1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:0",
            "1:2:3:4:5:6::",
            "::3:4:5:6:7:8",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "::fffe:c000:201",
            "1::ffff:c000:201"
        }) {
            assertEquals(text, IpAddress.parse(text).toString());
        }
        assertEquals("2001:db8::1", IpAddress.parse("2001:0DB8:0:0:0:0:0:1").toString());
    }

    @Test
    void shouldAgreeWithTheJdk() throws UnknownHostException {
        final Random random = new Random(5952);
        for (int i = 0; i < 5000; i++) {
            final byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(bytes);
            for (int g = 0; g < bytes.length / 2; g++) {
                if (random.nextInt(3) > 0) {
                    bytes[2 * g] = 0;
                    bytes[2 * g + 1] = 0;
                }
            }
            if (bytes.length == 16 && bytes[0] == 0 && bytes[1] == 0) {
                bytes[0] = 0x20; // the JDK turns mapped addresses into IPv4
            }
            final String text = InetAddress.getByAddress(bytes).getHostAddress();
            final IpAddress address = IpAddress.parse(text);
            assertArrayEquals(bytes, address.bytes(), text);
            assertEquals(address, IpAddress.parse(address.toString()), text);
            assertEquals(bytes.length == 4, address.isIpv4());
            final long memory = Bytes.copy(new byte[bytes.length]);
            address.write(memory);
            assertArrayEquals(bytes, Mem.bytes(memory, bytes.length), text);
            assertEquals(0, Mem.getByte(memory + bytes.length));
        }
    }

    @Test
    void shouldClassify() {
        assertTrue(IpAddress.parse("224.0.0.0").isMulticast());
        assertTrue(IpAddress.parse("239.255.255.255").isMulticast());
        assertFalse(IpAddress.parse("223.255.255.255").isMulticast());
        assertFalse(IpAddress.parse("240.0.0.0").isMulticast());
        assertTrue(IpAddress.parse("ff02::1").isMulticast());
        assertFalse(IpAddress.parse("fe80::ff02").isMulticast());
        assertFalse(IpAddress.parse("::224.0.0.1").isMulticast());
        assertTrue(IpAddress.parse("0.0.0.0").isUnspecified());
        assertTrue(IpAddress.parse("::").isUnspecified());
        assertFalse(IpAddress.parse("::1").isUnspecified());
        assertFalse(IpAddress.parse("1::").isUnspecified());
        assertTrue(IpAddress.parse("127.9.9.9").isLoopback());
        assertFalse(IpAddress.parse("128.0.0.1").isLoopback());
        assertTrue(IpAddress.parse("::1").isLoopback());
        assertFalse(IpAddress.parse("::2").isLoopback());
        assertFalse(IpAddress.parse("1::1").isLoopback());
    }

    @Test
    void shouldOrderByFamilyThenUnsigned() {
        final String[] ordered = {"0.0.0.1", "127.0.0.1", "255.0.0.0", "::1", "::ffff:0:0:0:0", "1::", "1::1", "fd00::"
        };
        for (int i = 0; i < ordered.length; i++) {
            for (int j = 0; j < ordered.length; j++) {
                final int sign = Integer.signum(IpAddress.parse(ordered[i]).compareTo(IpAddress.parse(ordered[j])));
                assertEquals(Integer.compare(i, j), sign, ordered[i] + " " + ordered[j]);
            }
        }
    }

    @Test
    void shouldRefuseWhatIsNoAddress() {
        assertThrows(IllegalArgumentException.class, () -> new IpAddress(5, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new IpAddress(4, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new IpAddress(4, 0, 1L << 32));
    }
}
