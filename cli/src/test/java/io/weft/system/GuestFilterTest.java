package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest may send: VLAN tags on a trunk and not elsewhere, its own source address; and its NIC comes and goes. */
@Tag("system")
@Timeout(300)
class GuestFilterTest {
    private static final String VLAN_ADDRESS = "192.168.8.2";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void shouldFilterTagsAndSourcesAndKeepOthersGoingWhenANicIsPluggedAndUnplugged() {
        try (Lab lab = Lab.routed(1, Lab.WIDE_MTU)) {
            final GuestSpec trunk = GuestSpec.of(lab, "trunk", 1).vlan(10);
            final GuestSpec access = GuestSpec.of(lab, "access", 2).packed(true).queues(2);
            final WeftProcess weft = WeftProcess.start(lab.host(1), """
                    tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan}, db: {vni: 5002, encap: vxlan}}}}
                    ports:
                      %s
                      %s
                      t: {network: acme/web, tap: tt}
                    """.formatted(
                            trunk.port("trunk: {10: acme/web, 20: acme/db}"),
                            access.port("network: acme/web, mac: \"" + access.mac() + "\"")));
            final QemuGuest a = QemuGuest.start(lab.host(1), trunk).go();
            final QemuGuest b = QemuGuest.start(lab.host(1), access).go();
            final Machine tap = Machine.of(lab, "t", 4).plug(lab.host(1), "tt");
            a.awaitBoot();
            b.awaitBoot();
            b.shell("ip addr add " + VLAN_ADDRESS + "/24 dev eth0");

            assertTags(weft, a, b, tap);
            assertSources(weft, b, tap);
            assertPlug(weft, a, b, tap);
        }
    }

    private static void assertTags(
            final WeftProcess weft, final QemuGuest trunk, final QemuGuest access, final Machine tap) {
        assertEquals(5, Traffic.pings(access, trunk.spec().vlanIp4(), 1000), "VLAN 10 of the trunk is the network");
        assertEquals(5, Traffic.pings(trunk, VLAN_ADDRESS, 1472), "a full frame, and its tag");
        assertEquals(5, Traffic.pings(access, tap.ip4(), 56));

        final long before = weft.drops("tagged-on-access-port");
        access.shell("ip link add link eth0 name eth0.10 type vlan id 10; ip addr add 192.168.9.2/24 dev eth0.10;"
                + " ip link set eth0.10 up");
        access.tryShell(LIMIT, "ping -c 3 -i 0.1 -W 1 192.168.9.1");
        access.shell("ip link del eth0.10");
        Until.holds("tagged frames are counted", LIMIT, () -> weft.drops("tagged-on-access-port") > before);

        final long untagged = weft.drops("untagged-on-trunk");
        trunk.tryShell(LIMIT, "ping -c 3 -i 0.1 -W 1 " + tap.ip4());
        Until.holds("untagged frames are counted", LIMIT, () -> weft.drops("untagged-on-trunk") > untagged);
    }

    private static void assertSources(final WeftProcess weft, final QemuGuest guest, final Machine tap) {
        final Wire wire = Wire.on(tap.namespace(), tap.device());
        guest.shell("ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:99; ip link set eth0 up");
        assertEquals(0, Traffic.pings(guest, tap.ip4(), 56), "with another's address nothing gets through");
        wire.stop();
        assertEquals(List.of(), wire.frames("eth.src == 02:00:00:00:00:99"));
        assertTrue(weft.drops("spoofed-source-mac") > 0);
        final String told = weft.weft("drops");
        assertTrue(told.contains("access") && told.contains("source address is not the one"), told);

        guest.shell("ip link set eth0 down; ip link set eth0 address " + guest.mac() + "; ip link set eth0 up");
        Traffic.awaitEcho(guest, tap.ip4(), LIMIT);
    }

    private static void assertPlug(
            final WeftProcess weft, final QemuGuest trunk, final QemuGuest access, final Machine tap) {
        trunk.shell("ip addr add 192.168.8.11/24 dev eth0.10");
        tap.namespace().ip("addr add 192.168.8.4/24 dev %s", tap.device());
        final Traffic.Stream others = Traffic.stream(trunk, "192.168.8.4");
        for (int round = 0; round < 2; round++) {
            final Traffic.Stream own = Traffic.stream(tap, access.ip4());
            access.unplug();
            own.finish();
            access.plug();
            Traffic.awaitEcho(tap, access.ip4(), LIMIT);
            final double rate = Traffic.tcp(access, tap, 1, 1);
            assertTrue(rate > 1, "Mbit/s " + rate);
        }
        others.awaitMore(LIMIT);
        assertEquals(0, others.finish(), "echoes of others that are missing");
        access.assertUnharmed();
        trunk.assertUnharmed();
        assertTrue(weft.get("/v1/stats").path("balanced").asBoolean(), "the books balance");
    }
}
