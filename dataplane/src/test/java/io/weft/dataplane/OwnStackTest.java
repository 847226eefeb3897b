package io.weft.dataplane;

import static io.weft.dataplane.OwnWire.A;
import static io.weft.dataplane.OwnWire.B;
import static io.weft.dataplane.OwnWire.HERE;
import static io.weft.dataplane.OwnWire.HERE6;
import static io.weft.dataplane.OwnWire.OWN;
import static io.weft.dataplane.OwnWire.PEER;
import static io.weft.dataplane.OwnWire.ROUTER;
import static io.weft.dataplane.OwnWire.arp;
import static io.weft.dataplane.OwnWire.icmp4;
import static io.weft.dataplane.OwnWire.icmp6;
import static io.weft.dataplane.OwnWire.mac;
import static io.weft.dataplane.OwnWire.nd;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Encapsulation;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The underlay's own ARP, neighbour discovery and ICMP, over a wire in memory. */
class OwnStackTest {
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int ARP = 0x0806;
    private static final int IP = 0x0800;
    private static final int IPV6 = 0x86dd;

    private OwnWire net;

    private OwnWire open(final String... peers) {
        net = new OwnWire(Encapsulation.VXLAN, peers);
        return net;
    }

    @AfterEach
    void shouldHaveKeptItsBooks() {
        if (net != null) {
            assertTrue(net.books().balanced(), net.books().toString());
            net.close();
        }
    }

    // Finding others.

    @Test
    void shouldAskAndSendWhatWaitedWhenNeighborAnswers() {
        open("10.1.0.2").settled();
        final byte[] first = net.fromGuest(100);
        assertEquals(0, net.sent(IP).size());
        assertEquals(1, net.books().held());
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        final List<byte[]> sent = net.sent(IP);
        assertEquals(1, sent.size());
        assertEquals(PEER, mac(sent.getFirst(), 0));
        assertEquals(OWN, mac(sent.getFirst(), 6));
        assertArrayEquals(first, slice(sent.getFirst(), 50));
        assertEquals(0, net.books().held());
        net.fromGuest(100);
        assertEquals(1, net.sent(IP).size());
    }

    @Test
    void shouldAskByBroadcastInItsOwnName() {
        open("10.1.0.2");
        final byte[] request = net.sent(ARP).stream()
                .filter(frame -> frame[41] == 2)
                .findFirst()
                .orElseThrow();
        assertEquals(BROADCAST, mac(request, 0));
        assertEquals(1, u16(request, 20));
        assertEquals(OWN, mac(request, 22));
        assertArrayEquals(TestFrames.address(HERE), Arrays.copyOfRange(request, 28, 32));
        assertEquals(60, request.length);
    }

    @Test
    void shouldSayNoNeighborWhenNobodyAnswersAndAskAgainLater() {
        open("10.1.0.2").settled();
        for (int i = 0; i < 10; i++) {
            net.fromGuest(100);
        }
        net.pass(6_000);
        assertEquals(0, net.books().held());
        assertEquals(10, net.drops(DropReason.NO_NEIGHBOR));
        net.sent();
        net.pass(10_000);
        assertTrue(net.sent(ARP).size() >= 4);
        net.receive(arp(OWN, 1, PEER, "10.1.0.2", 0, HERE));
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.sent();
        net.fromGuest(100);
        assertEquals(1, net.sent(IP).size());
    }

    @Test
    void shouldHoldAFewFramesOfATunnelAndNoMore() {
        open("10.1.0.2").settled();
        for (int i = 0; i < 10; i++) {
            net.fromGuest(100 + i);
        }
        assertEquals(4, net.books().held());
        assertEquals(6, net.drops(DropReason.NO_NEIGHBOR));
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        final List<byte[]> sent = net.sent(IP);
        assertEquals(4, sent.size());
        for (int i = 0; i < 4; i++) {
            assertEquals(50 + 100 + i, sent.get(i).length);
        }
    }

    @Test
    void shouldAskTheGatewayOnceForAllEndpointsBehindIt() {
        open("10.2.0.1", "10.3.0.1").settled();
        net.fromGuest(100);
        net.receive(arp(OWN, 2, ROUTER, "10.1.0.254", OWN, HERE));
        final List<byte[]> sent = net.sent(IP);
        assertEquals(2, sent.size());
        sent.forEach(frame -> assertEquals(ROUTER, mac(frame, 0)));
    }

    @Test
    void shouldResolveIpv6ByNeighborDiscovery() {
        open("fd00:1::2");
        final byte[] ask = net.sent(IPV6).stream()
                .filter(frame -> u8(frame, 54) == 135)
                .findFirst()
                .orElseThrow();
        assertEquals(0x3333_ff00_0002L, mac(ask, 0));
        assertEquals(255, u8(ask, 14 + 7));
        assertEquals(0xffff, TestFrames.l4Sum(ask, 14, 54));
        assertArrayEquals(TestFrames.address("fd00:1::2"), Arrays.copyOfRange(ask, 62, 78));
        assertEquals(1, u8(ask, 78));
        assertEquals(OWN, mac(ask, 80));
        net.fromGuest(100);
        net.receive(icmp6(OWN, PEER, "fd00:1::2", HERE6, 255, nd(136, 0x60, "fd00:1::2", 2, PEER)));
        final List<byte[]> sent =
                net.sent(IPV6).stream().filter(frame -> u8(frame, 20) == 17).toList();
        assertEquals(1, sent.size());
        assertEquals(PEER, mac(sent.getFirst(), 0));
    }

    @Test
    void shouldAskANeighborItselfBeforeItIsForgotten() {
        open("10.1.0.2").settled();
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.sent();
        int probes = 0;
        for (int second = 0; second < 100; second++) {
            net.pass(1_000);
            for (final byte[] frame : net.sent(ARP)) {
                probes++;
                assertEquals(PEER, mac(frame, 0));
                net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
            }
        }
        // Every 15 to 30 seconds, and twice where the answer takes a second.
        assertTrue(probes >= 3 && probes <= 14, probes + " probes");
    }

    // What is not believed.

    @Test
    void shouldStayWithANeighborThatAnswersWhenAnotherClaimsItsAddress() {
        open("10.1.0.2").settled();
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.pass(1_000);
        net.sent();
        net.receive(arp(BROADCAST, 1, 0x0666L, "10.1.0.2", 0, "10.1.0.2"));
        net.receive(arp(OWN, 2, 0x0666L, "10.1.0.2", OWN, HERE));
        final List<byte[]> asked = net.sent(ARP);
        assertEquals(1, asked.size());
        assertEquals(PEER, mac(asked.getFirst(), 0));
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.fromGuest(100);
        assertEquals(PEER, mac(net.sent(IP).getFirst(), 0));
    }

    @Test
    void shouldFollowANeighborThatHasMovedWhenItsOldPlaceIsSilent() {
        open("10.1.0.2").settled();
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.receive(arp(BROADCAST, 1, 0x0222L, "10.1.0.2", 0, "10.1.0.2"));
        net.pass(2_200);
        net.receive(arp(OWN, 2, 0x0222L, "10.1.0.2", OWN, HERE));
        net.sent();
        net.fromGuest(100);
        assertEquals(0x0222L, mac(net.sent(IP).getFirst(), 0));
    }

    @Test
    void shouldAskOnceASecondWhenClaimsOfAnAddressFloodIn() {
        open("10.1.0.2").settled();
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.sent();
        int asked = 0;
        for (int i = 0; i < 300; i++) {
            net.receive(arp(BROADCAST, 1, 0x0200_0000_0600L + i, "10.1.0.2", 0, "10.1.0.2"));
            final int now = net.sent(ARP).size();
            asked += now;
            if (now != 0) {
                net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
            }
            net.pass(10);
        }
        assertTrue(asked >= 2 && asked <= 4, asked + " requests in three seconds");
        net.fromGuest(100);
        assertEquals(PEER, mac(net.sent(IP).getFirst(), 0));
    }

    @Test
    void shouldTellNobodyWhenWhatWaitedDoesNotFitTheWayThatWasFound() {
        open("10.1.0.2").settled();
        for (int i = 0; i < 3; i++) {
            final byte[] packet = TestFrames.ip("192.0.2.1", "192.0.2.2", 17, 0, new byte[1_300]);
            packet[6] = 0x40;
            net.guest.inject(TestFrames.ethernet(B, A, IP, TestFrames.fixIpv4(packet, 0)));
        }
        net.pump();
        assertEquals(3, net.books().held());
        final byte[] quoted = TestFrames.ip(HERE, "10.1.0.2", 17, 0, TestFrames.udp(50_000, 4789, new byte[1_400]));
        quoted[6] = 0x40;
        final byte[] tooBig = new byte[8 + 28];
        tooBig[0] = 3;
        tooBig[1] = 4;
        TestFrames.putU16(tooBig, 6, 1_000);
        System.arraycopy(TestFrames.fixIpv4(quoted, 0), 0, tooBig, 8, 28);
        net.receive(icmp4(OWN, ROUTER, "10.1.0.254", HERE, tooBig));
        net.pass(100);
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.pump();
        assertEquals(0, net.books().held());
        assertEquals(0, net.sent(IP).size());
        assertEquals(3, net.drops(DropReason.TOO_BIG_FOR_TUNNEL));
        assertEquals(0, net.drops(DropReason.TOO_BIG_TOLD));
    }

    @Test
    void shouldNotBelieveImpossibleSenders() {
        open("10.1.0.2").settled();
        // Off the link; a group's MAC; another MAC than the frame's; for another host.
        net.receive(arp(OWN, 2, PEER, "10.9.0.2", OWN, HERE));
        net.receive(arp(OWN, 2, 0x0100_5e00_0001L, "10.1.0.2", OWN, HERE));
        final byte[] two = arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE);
        two[11]++;
        net.receive(two);
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", 0x0777L, "10.1.0.7"));
        // Not from this link; with a damaged checksum; with an option that never ends.
        net.sent();
        net.fromGuest(100);
        assertEquals(0, net.sent(IP).size());
        assertEquals(1, net.books().held());
    }

    @Test
    void shouldNotBelieveAdvertisementsFromBeyondTheLink() {
        open("fd00:1::2").settled();
        final byte[] far = icmp6(OWN, PEER, "fd00:1::2", HERE6, 254, nd(136, 0x60, "fd00:1::2", 2, PEER));
        net.receive(far);
        final byte[] damaged = icmp6(OWN, PEER, "fd00:1::2", HERE6, 255, nd(136, 0x60, "fd00:1::2", 2, PEER));
        damaged[57]++;
        net.receive(damaged);
        final byte[] endless = nd(136, 0x60, "fd00:1::2", 2, PEER);
        endless[25] = 0;
        net.receive(icmp6(OWN, PEER, "fd00:1::2", HERE6, 255, endless));
        net.fromGuest(100);
        assertEquals(1, net.books().held());
    }

    // Being found.

    @Test
    void shouldAnswerForItsOwnAddressesAlone() {
        open().settled();
        net.receive(arp(BROADCAST, 1, PEER, "10.1.0.2", 0, HERE));
        final byte[] reply = net.sent(ARP).getFirst();
        assertEquals(PEER, mac(reply, 0));
        assertEquals(2, u16(reply, 20));
        assertEquals(OWN, mac(reply, 22));
        assertArrayEquals(TestFrames.address(HERE), Arrays.copyOfRange(reply, 28, 32));
        net.receive(arp(BROADCAST, 1, PEER, "10.1.0.2", 0, "10.1.0.3"));
        net.receive(arp(BROADCAST, 1, PEER, "10.9.0.2", 0, HERE));
        assertEquals(0, net.sent(ARP).size());
        net.receive(icmp6(0x3333_ff00_0001L, PEER, "fd00:1::2", "ff02::1:ff00:1", 255, nd(135, 0, HERE6, 1, PEER)));
        final byte[] advertisement = net.sent(IPV6).getFirst();
        assertEquals(PEER, mac(advertisement, 0));
        assertEquals(136, u8(advertisement, 54));
        assertEquals(0x60, u8(advertisement, 58));
        assertEquals(0xffff, TestFrames.l4Sum(advertisement, 14, 54));
        assertEquals(OWN, mac(advertisement, 80));
        net.receive(
                icmp6(0x3333_ff00_0007L, PEER, "fd00:1::2", "ff02::1:ff00:7", 255, nd(135, 0, "fd00:1::7", 1, PEER)));
        assertEquals(0, net.sent().size());
    }

    @Test
    void shouldAnnounceItsAddressesWhenTheLinkIsThere() {
        open();
        final List<byte[]> arps = net.sent();
        assertTrue(arps.stream()
                .anyMatch(frame -> u16(frame, 12) == ARP
                        && mac(frame, 0) == BROADCAST
                        && Arrays.equals(Arrays.copyOfRange(frame, 28, 32), Arrays.copyOfRange(frame, 38, 42))));
        assertTrue(arps.stream()
                .anyMatch(frame -> u16(frame, 12) == IPV6
                        && mac(frame, 0) == 0x3333_0000_0001L
                        && u8(frame, 54) == 136
                        && u8(frame, 58) == 0x20));
    }

    @Test
    void shouldSayWhenAnotherHasItsAddress() {
        open().settled();
        net.receive(arp(BROADCAST, 1, PEER, HERE, 0, HERE));
        net.pass(100);
        final List<byte[]> defence = net.sent(ARP);
        assertEquals(1, defence.size());
        assertEquals(OWN, mac(defence.getFirst(), 22));
        for (int i = 0; i < 20; i++) {
            net.receive(arp(BROADCAST, 1, PEER, HERE, 0, HERE));
        }
        net.pass(100);
        assertEquals(0, net.sent(ARP).size());
    }

    @Test
    void shouldAnswerEchoesToItselfAndNotTooMany() {
        open().settled();
        final byte[] ping = new byte[64];
        ping[0] = 8;
        ping[4] = 7;
        net.receive(icmp4(OWN, PEER, "10.1.0.2", HERE, ping));
        final byte[] pong = net.sent(IP).getFirst();
        assertEquals(PEER, mac(pong, 0));
        assertEquals(0, u8(pong, 34));
        assertEquals(7, u8(pong, 38));
        assertEquals(0xffff, TestFrames.sum(Arrays.copyOfRange(pong, 14, 34)));
        assertEquals(0xffff, TestFrames.sum(slice(pong, 34)));
        final byte[] ping6 = new byte[40];
        ping6[0] = (byte) 128;
        net.receive(icmp6(OWN, PEER, "fd00:1::2", HERE6, 64, ping6));
        final byte[] pong6 = net.sent(IPV6).getFirst();
        assertEquals(129, u8(pong6, 54));
        assertEquals(0xffff, TestFrames.l4Sum(pong6, 14, 54));
        for (int i = 0; i < 300; i++) {
            net.receive(icmp4(OWN, PEER + i, "10.1.0.2", HERE, ping.clone()));
        }
        assertTrue(net.sent(IP).size() <= 50);
        net.receive(icmp4(BROADCAST, PEER, "10.1.0.2", HERE, ping));
        net.receive(icmp4(OWN, PEER, HERE, HERE, ping));
        assertEquals(0, net.sent(IP).size());
    }

    // Tags.

    @Test
    void shouldTagWhatItSendsAndTakeNothingElse() {
        net = new OwnWire(1, 100, Encapsulation.VXLAN, "10.1.0.2");
        final byte[] request = net.sent(0x8100).getFirst();
        assertEquals(100, u16(request, 14));
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.receive(TestFrames.tag(0x8100, 7, arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE)));
        assertEquals(2, net.drops(DropReason.OUTER_TAG));
        net.fromGuest(100);
        net.sent();
        net.receive(TestFrames.tag(0x8100, 100, arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE)));
        final byte[] packet = net.sent(0x8100).getLast();
        assertEquals(100, u16(packet, 14));
        assertEquals(IP, u16(packet, 16));
        final byte[] inner = TestFrames.ethernet(A, B, 0x88b5, new byte[60]);
        final byte[] tunnel = TestFrames.ethernet(
                OWN,
                PEER,
                IP,
                TestFrames.ip("10.1.0.2", HERE, 17, 0, TestFrames.udp(50_000, 4789, TestFrames.vxlan(5001), inner)));
        net.receive(tunnel);
        assertEquals(3, net.drops(DropReason.OUTER_TAG));
        net.receive(TestFrames.tag(0x8100, 100, tunnel));
        assertArrayEquals(inner, net.guest.poll());
    }

    @Test
    void shouldResolveWhenSeveralWorkersShareOneQueue() {
        net = new OwnWire(2, 0, Encapsulation.VXLAN, "10.1.0.2");
        net.settled();
        net.fromGuest(100);
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        assertEquals(1, net.sent(IP).size());
    }

    // Floods and nonsense.

    @Test
    void shouldHearOthersWhileOneNeighborFloods() {
        open("10.1.0.2").settled();
        final byte[] flood = arp(BROADCAST, 1, 0x0666L, "10.1.0.66", 0, HERE);
        for (int i = 0; i < 1_000; i++) {
            assertTrue(net.wire.inject(flood));
        }
        net.receive(arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE));
        net.sent();
        net.fromGuest(100);
        assertEquals(1, net.sent(IP).size());
        assertTrue(net.drops(DropReason.SLOW_PATH_LIMIT) >= 900);
    }

    @Test
    void shouldBoundWhatManyNeighborsSend() {
        open("10.1.0.2").settled();
        for (int i = 0; i < 3_000; i++) {
            assertTrue(net.wire.inject(arp(BROADCAST, 1, 0x0200_0000_0000L + i * 7919L, "10.1.0.66", 0, HERE)));
        }
        net.pump();
        final long taken = net.books().taken();
        assertEquals(3_000, taken + net.drops(DropReason.SLOW_PATH_FULL) + net.drops(DropReason.SLOW_PATH_LIMIT));
    }

    @Test
    void shouldSurviveWhateverIsSentToIt() {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        open("10.1.0.2", "fd00:1::2").settled();
        final byte[] ping = new byte[64];
        ping[0] = 8;
        final List<byte[]> good = List.of(
                arp(OWN, 2, PEER, "10.1.0.2", OWN, HERE),
                arp(BROADCAST, 1, PEER, "10.1.0.2", 0, HERE),
                icmp4(OWN, PEER, "10.1.0.2", HERE, ping),
                icmp6(OWN, PEER, "fd00:1::2", HERE6, 255, nd(136, 0x60, "fd00:1::2", 2, PEER)),
                icmp6(0x3333_ff00_0001L, PEER, "fd00:1::2", "ff02::1:ff00:1", 255, nd(135, 0, HERE6, 1, PEER)),
                TestFrames.ethernet(
                        0x0100_5e00_0001L, PEER, IP, TestFrames.ip("10.1.0.2", "224.0.0.1", 2, 0, new byte[12])));
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = good.get(random.nextInt(good.size())).clone();
            for (int k = random.nextInt(4); k > 0; k--) {
                frame[12 + random.nextInt(frame.length - 12)] = (byte) random.nextInt();
            }
            if (random.nextInt(3) == 0) {
                frame = Arrays.copyOf(frame, random.nextInt(frame.length + 30));
            }
            if (random.nextBoolean() && frame.length > 60) {
                // Damage behind a right checksum.
                if (frame.length > 62
                        && u8(frame, 14) >>> 4 == 6
                        && u16(frame, 12) == IPV6
                        && u16(frame, 18) == frame.length - 54) {
                    TestFrames.putU16(frame, 56, 0);
                    frame = TestFrames.fixL4(frame, 14, 54, 2);
                }
            }
            net.receive(frame);
            if ((i & 63) == 0) {
                net.pass(20);
                net.sent();
            }
        }
        net.receive(arp(OWN, 1, PEER, "10.1.0.2", 0, HERE));
        net.pass(20_000);
        net.sent();
        net.receive(arp(OWN, 1, PEER, "10.1.0.2", 0, HERE));
        assertEquals(1, net.sent(ARP).stream().filter(f -> u16(f, 20) == 2).count());
    }
}
