package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class EcnTest {
    private static final int NOT = Ecn.NOT_ECT;
    private static final int ECT0 = Ecn.ECT_0;
    private static final int ECT1 = Ecn.ECT_1;
    private static final int CE = Ecn.CE;
    private static final int[] OUTER = {NOT, ECT0, ECT1, CE};

    private static void row(final int inner, final int... outgoing) {
        for (int i = 0; i < 4; i++) {
            assertEquals(outgoing[i], Ecn.decapsulate(inner, OUTER[i]), "inner " + inner + " outer " + OUTER[i]);
        }
    }

    @Test
    void shouldHaveTheCodepointsOfRfc3168() {
        assertEquals(0b00, NOT);
        assertEquals(0b01, ECT1);
        assertEquals(0b10, ECT0);
        assertEquals(0b11, CE);
    }

    @Test
    @Tag("E1")
    void shouldCopyTheInnerCodepointOutward() {
        for (int inner = 0; inner < 4; inner++) {
            assertEquals(inner, Ecn.encapsulate(inner));
        }
        assertEquals(NOT, Ecn.encapsulate(Ecn.NOT_IP));
    }

    @Test
    @Tag("E2")
    @Tag("E3")
    void shouldDropCongestionThatTheInnerCannotCarry() {
        row(NOT, NOT, NOT, NOT, Ecn.DROP);
    }

    @Test
    @Tag("E4")
    @Tag("E5")
    void shouldMergeTheOuterIntoAnInnerThatCanCarryIt() {
        row(ECT0, ECT0, ECT0, ECT1, CE);
        row(ECT1, ECT1, ECT1, ECT1, CE);
    }

    @Test
    @Tag("E6")
    void shouldNeverTakeCongestionAway() {
        row(CE, CE, CE, CE, CE);
    }

    @Test
    @Tag("E6")
    void shouldReportCombinationsThatNoTunnelMakes() {
        for (int inner = 0; inner < 4; inner++) {
            for (int outer = 0; outer < 4; outer++) {
                final boolean suspicious = (inner == NOT && outer != NOT)
                        || (inner == ECT1 && outer == ECT0)
                        || (inner == CE && outer == ECT1);
                assertEquals(suspicious, Ecn.isSuspicious(inner, outer), "inner " + inner + " outer " + outer);
            }
        }
    }

    @Test
    @Tag("E7")
    void shouldLeaveAloneWhatIsNotIp() {
        for (int outer = 0; outer < 4; outer++) {
            assertEquals(Ecn.NOT_IP, Ecn.decapsulate(Ecn.NOT_IP, outer));
            assertFalse(Ecn.isSuspicious(Ecn.NOT_IP, outer));
        }
        assertTrue(Ecn.DROP != Ecn.NOT_IP);
    }

    @Test
    @Tag("E7")
    void shouldRepairTheIpv4Checksum() {
        final Random random = new Random(7);
        final byte[] header = new byte[20];
        for (int i = 0; i < 2000; i++) {
            random.nextBytes(header);
            header[0] = 0x45;
            final long ip = Bytes.copy(header);
            Ipv4.checksum(ip, Checksum.ipv4Header(ip, 20));
            final byte[] before = Mem.bytes(ip, 20);
            for (int ecn = 0; ecn < 4; ecn++) {
                Ecn.set(ip, 4, ecn);
                assertEquals(ecn, Ecn.get(ip, 4));
                assertTrue(Checksum.isIpv4HeaderRight(ip, 20));
                assertEquals(before[1] >> 2, Mem.bytes(ip, 20)[1] >> 2);
                assertEquals(Checksum.ipv4Header(ip, 20), Ipv4.checksum(ip));
            }
        }
    }

    @Test
    @Tag("E7")
    void shouldChangeNothingElseInAnIpv4Header() {
        final long ip = Bytes.copy("45b8 0073 0000 4000 4011 0000 c0a80001 c0a800c7");
        Ipv4.checksum(ip, Checksum.ipv4Header(ip, 20));
        assertEquals("45b80073000040004011b7a9c0a80001c0a800c7", Bytes.text(ip, 20));
        Ecn.set(ip, 4, CE);
        assertEquals("45bb0073000040004011b7a6c0a80001c0a800c7", Bytes.text(ip, 20));
        Ecn.set(ip, 4, ECT1);
        assertEquals("45b90073000040004011b7a8c0a80001c0a800c7", Bytes.text(ip, 20));
        Ecn.set(ip, 4, NOT);
        assertEquals("45b80073000040004011b7a9c0a80001c0a800c7", Bytes.text(ip, 20));
    }

    @Test
    void shouldKeepAWrongIpv4ChecksumWrong() {
        final long ip = Bytes.copy("45b80073000040004011b7aac0a80001c0a800c7");
        Ecn.set(ip, 4, CE);
        assertFalse(Checksum.isIpv4HeaderRight(ip, 20));
    }

    @Test
    void shouldChangeTwoBitsOfAnIpv6Header() {
        final long ip = Bytes.copy("6fcfffff ffff");
        Ecn.set(ip, 6, NOT);
        assertEquals("6fcfffffffff", Bytes.text(ip, 6));
        Ecn.set(ip, 6, CE);
        assertEquals("6fffffffffff", Bytes.text(ip, 6));
        assertEquals(CE, Ecn.get(ip, 6));
        Ecn.set(ip, 6, ECT0);
        assertEquals("6fefffffffff", Bytes.text(ip, 6));
        final long zero = Bytes.copy("6000 0000");
        Ecn.set(zero, 6, ECT1);
        assertEquals(ECT1, Ecn.get(zero, 6));
        assertEquals("60100000", Bytes.text(zero, 4));
    }
}
