package io.weft.dataplane;

import static io.weft.dataplane.OwnWire.HERE;
import static io.weft.dataplane.OwnWire.HERE6;
import static io.weft.dataplane.OwnWire.OWN;
import static io.weft.dataplane.OwnWire.ROUTER;
import static io.weft.dataplane.OwnWire.arp;
import static io.weft.dataplane.OwnWire.icmp4;
import static io.weft.dataplane.OwnWire.icmp6;
import static io.weft.dataplane.OwnWire.nd;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.Rows;
import io.weft.encap.Encapsulation;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What routers say of paths that carry less, and what anybody else says, to an underlay of its own. */
class OwnPathMtuTest {
    private static final String GATEWAY = "10.1.0.254";
    private static final String GATEWAY6 = "fd00:1::fe";
    private static final int TEN_MINUTES = 600_000;

    private OwnWire net;
    private boolean ipv6;
    /** IP packet that the switch sent. */
    private byte[] packet;
    /** Where its UDP or GRE header begins. */
    private int l4;

    @AfterEach
    void shouldHaveKeptItsBooks() {
        assertTrue(net.books().balanced(), net.books().toString());
        net.close();
    }

    private void open(final Encapsulation encap, final boolean six) {
        ipv6 = six;
        l4 = six ? 40 : 20;
        net = new OwnWire(encap, six ? "fd00:2::1" : "10.2.0.1").settled();
        resolve();
        net.sent();
        net.fromGuest(1400);
        packet = slice(net.sent(six ? 0x86dd : 0x0800).getLast(), 14);
    }

    private void resolve() {
        net.receive(
                ipv6
                        ? icmp6(OWN, ROUTER, GATEWAY6, HERE6, 255, nd(136, 0x60, GATEWAY6, 2, ROUTER))
                        : arp(OWN, 2, ROUTER, GATEWAY, OWN, HERE));
    }

    /** The router says that packets of so many bytes fit, and quotes the beginning of one that did not. */
    private void say(final int fits, final byte[] quoted) {
        final byte[] message = TestFrames.concat(new byte[8], Arrays.copyOf(quoted, Math.min(quoted.length, 500)));
        message[0] = (byte) (ipv6 ? 2 : 3);
        message[1] = (byte) (ipv6 ? 0 : 4);
        putU16(message, 6, fits);
        net.receive(
                ipv6 ? icmp6(OWN, ROUTER, GATEWAY6, HERE6, 64, message) : icmp4(OWN, ROUTER, GATEWAY, HERE, message));
        net.pass(100);
    }

    /** Bytes of the largest layer-3 packet that the tunnel takes. */
    private int mtu() {
        return TestSwitch.get(net.weft.control().status()).tunnels().stream()
                .mapToInt(Rows.TunnelRow::mtu)
                .findFirst()
                .orElseThrow();
    }

    private byte[] changed(final Consumer<byte[]> change) {
        final byte[] quoted = packet.clone();
        change.accept(quoted);
        return ipv6 ? quoted : TestFrames.fixIpv4(quoted, 0);
    }

    /** Packets that this switch has not sent. */
    private Map<String, byte[]> forged(final Encapsulation encap) {
        final Map<String, byte[]> all = new LinkedHashMap<>();
        all.put("another source", changed(quoted -> quoted[ipv6 ? 23 : 15]++));
        all.put("another endpoint", changed(quoted -> quoted[ipv6 ? 39 : 19]++));
        all.put("TCP", changed(quoted -> quoted[ipv6 ? 6 : 9] = 6));
        all.put("the other transport", changed(quoted -> quoted[ipv6 ? 6 : 9] ^= 17 ^ 47));
        all.put("another version", changed(quoted -> quoted[0] ^= 0x20));
        all.put("larger than the link takes", changed(quoted -> grow(quoted, 400)));
        all.put("cut before the end of its header", Arrays.copyOf(packet, l4 + 7));
        if (!ipv6) {
            all.put("may be fragmented", changed(quoted -> quoted[6] = 0));
            all.put("a fragment", changed(quoted -> quoted[7] = 9));
            all.put("more fragments", changed(quoted -> quoted[6] |= 0x20));
            all.put("options", changed(quoted -> quoted[0] = 0x46));
        }
        if (encap.isUdp()) {
            all.put("another port", changed(quoted -> quoted[l4 + 3]++));
            all.put("no entropy port", changed(quoted -> putU16(quoted, l4, 4789)));
            all.put("another UDP length", changed(quoted -> quoted[l4 + 5]++));
            all.put("another VNI", changed(quoted -> quoted[l4 + 8 + 6]++));
        } else {
            all.put("other GRE", changed(quoted -> quoted[l4] = 0));
            all.put("another VSID", changed(quoted -> quoted[l4 + 6]++));
        }
        return all;
    }

    private void grow(final byte[] quoted, final int bytes) {
        putU16(quoted, ipv6 ? 4 : 2, u16(quoted, ipv6 ? 4 : 2) + bytes);
        if (u8(quoted, ipv6 ? 6 : 9) == 17) {
            putU16(quoted, l4 + 4, u16(quoted, l4 + 4) + bytes);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "VXLAN, false",
        "VXLAN, true",
        "GENEVE, false",
        "GENEVE, true",
        "NVGRE, false",
        "NVGRE, true",
    })
    void shouldNotBelieveWhatQuotesAPacketItHasNotSent(final Encapsulation encap, final boolean six) {
        open(encap, six);
        final int before = mtu();
        int said = 0;
        for (final Map.Entry<String, byte[]> lie : forged(encap).entrySet()) {
            say(1300, lie.getValue());
            assertEquals(++said, net.count("path-mtu-not-believed"), lie.getKey());
            assertEquals(before, mtu(), lie.getKey());
        }
        assertEquals(0, net.count("path-mtu-lowered"));
        say(1300, packet);
        assertEquals(before - 300, mtu());
    }

    @ParameterizedTest
    @CsvSource({"VXLAN, false, 575", "VXLAN, true, 1279", "NVGRE, false, 68", "NVGRE, true, 0"})
    void shouldNotBelieveImpossibleSizes(final Encapsulation encap, final boolean six, final int belowTheFloor) {
        open(encap, six);
        final int before = mtu();
        final int[] impossible = {belowTheFloor, packet.length, packet.length + 1, 1600, 65_535};
        for (int i = 0; i < impossible.length; i++) {
            say(impossible[i], packet);
            assertEquals(i + 1, net.count("path-mtu-not-believed"), impossible[i] + " bytes");
            assertEquals(before, mtu());
        }
        say(six ? 1280 : 576, packet);
        assertEquals(before - 1600 + (six ? 1280 : 576), mtu());
    }

    @ParameterizedTest
    @CsvSource({"VXLAN, false", "GENEVE, true", "NVGRE, false", "NVGRE, true"})
    void shouldLowerThePathForTenMinutes(final Encapsulation encap, final boolean six) {
        open(encap, six);
        final int before = mtu();
        say(1400, packet);
        assertEquals(before - 200, mtu());
        say(1300, packet);
        assertEquals(before - 300, mtu());
        // What says more than is known raises nothing.
        say(1400, packet);
        assertEquals(before - 300, mtu());
        assertEquals(2, net.count("path-mtu-lowered"));
        assertEquals(0, net.count("path-mtu-not-believed"));
        net.sent();
        net.fromGuest(1400);
        assertEquals(
                0,
                net.sent(six ? 0x86dd : 0x0800).stream()
                        .filter(frame -> frame.length > 1400)
                        .count());
        assertEquals(1, net.drops(DropReason.TOO_BIG_FOR_TUNNEL));
        net.leap(TEN_MINUTES - 2_000);
        net.pass(100);
        assertEquals(before - 300, mtu());
        net.leap(3_000);
        net.pass(100);
        resolve();
        assertEquals(before, mtu());
        net.sent();
        net.fromGuest(1400);
        assertEquals(
                1,
                net.sent(six ? 0x86dd : 0x0800).stream()
                        .filter(frame -> frame.length > 1400)
                        .count());
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void shouldNotReadWhatIsDamagedOrForAnother(final boolean six) {
        open(Encapsulation.VXLAN, six);
        final int before = mtu();
        final byte[] message = TestFrames.concat(new byte[8], Arrays.copyOf(packet, 200));
        message[0] = (byte) (six ? 2 : 3);
        message[1] = (byte) (six ? 0 : 4);
        putU16(message, 6, 1300);
        final byte[] damaged = six
                ? icmp6(OWN, ROUTER, GATEWAY6, HERE6, 64, message)
                : icmp4(OWN, ROUTER, GATEWAY, HERE, message.clone());
        damaged[damaged.length - 1]++;
        net.receive(damaged);
        net.receive(
                six
                        ? icmp6(OWN, ROUTER, GATEWAY6, "fd00:1::9", 64, message)
                        : icmp4(OWN, ROUTER, GATEWAY, "10.1.0.9", message.clone()));
        net.pass(100);
        assertEquals(before, mtu());
        assertEquals(0, net.count("path-mtu-lowered"));
        assertEquals(1, net.count("own-malformed"));
    }
}
