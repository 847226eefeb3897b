package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.system.GuestMatrix.Leg;
import io.weft.system.GuestMatrix.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Linux guests on the switches' ports: two of one host, one of another host behind a tunnel, and a TAP device of the host.
 *
 * <pre>
 *   guest a, guest b, TAP t ── switch 1 ── VXLAN, NVGRE, Geneve ── switch 2 ── guest c
 * </pre>
 */
@Tag("system")
@Timeout(400)
class GuestMatrixTest {
    private static final List<String> ENCAPS = List.of("vxlan", "nvgre", "geneve");

    /** What guests may be: between them the variants hold every value with every other. */
    enum Variant {
        SPLIT(false, 1, true, true, 1500),
        PACKED_JUMBO(true, 2, true, true, 9000),
        SPLIT_PLAIN(false, 2, false, true, 1500),
        PACKED_PLAIN(true, 1, false, false, 1500);

        private final boolean packed;
        private final int queues;
        private final boolean offloads;
        private final boolean mergeable;
        private final int mtu;

        Variant(
                final boolean packed,
                final int queues,
                final boolean offloads,
                final boolean mergeable,
                final int mtu) {
            this.packed = packed;
            this.queues = queues;
            this.offloads = offloads;
            this.mergeable = mergeable;
            this.mtu = mtu;
        }

        GuestSpec of(final GuestSpec spec) {
            return spec.packed(packed)
                    .queues(queues)
                    .offloads(offloads)
                    .mergeable(mergeable)
                    .hostMtu(mtu == 1500 ? 0 : mtu);
        }
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    @Tag("H17")
    @Tag("T9")
    void shouldCarryEverythingBetweenGuestsAndHosts(final Variant variant) {
        try (Lab lab = Lab.routed(2, variant.mtu + 100)) {
            final GuestSpec a = variant.of(GuestSpec.of(lab, "a", 1));
            // Not what the other one of its host is: it listens where that connects, and takes offloads always.
            final GuestSpec b =
                    variant.of(GuestSpec.of(lab, "b", 2)).switchListens().offloads(true);
            final GuestSpec c = variant.of(GuestSpec.of(lab, "c", 3));
            final WeftProcess near = WeftProcess.start(lab.host(1), near(lab, "vxlan", a, b));
            final WeftProcess far = WeftProcess.start(lab.host(2), far(lab, "vxlan", c));
            final QemuGuest guestA = QemuGuest.start(lab.host(1), a);
            final QemuGuest guestB = QemuGuest.start(lab.host(1), b);
            final QemuGuest guestC = QemuGuest.start(lab.host(2), c);
            final Machine tap = Machine.of(lab, "t", 4).plug(lab.host(1), "tt");
            for (final QemuGuest guest : List.of(guestA, guestB, guestC)) {
                guest.go();
            }
            for (final QemuGuest guest : List.of(guestA, guestB, guestC)) {
                guest.awaitBoot();
                assertIsAsWanted(guest);
            }
            try {
                carry(lab, variant, List.of(near, far), List.of(guestA, guestB, guestC), tap);
            } catch (final AssertionError e) {
                throw new AssertionError(e.getMessage() + near.told() + far.told(), e);
            }
        }
    }

    private static void carry(
            final Lab lab,
            final Variant variant,
            final List<WeftProcess> switches,
            final List<QemuGuest> guests,
            final Machine tap) {
        final QemuGuest guestA = guests.get(0);
        final QemuGuest guestC = guests.get(2);
        final List<Step> steps = new ArrayList<>(GuestMatrix.STEPS);
        steps.add(GuestMatrix.fullSize(variant.mtu));
        final String title = variant.name().toLowerCase(Locale.ROOT).replace('_', ' ');

        GuestMatrix.run(
                title,
                List.of(new Leg("guest to guest", guestA, guests.get(1)), new Leg("host to guest", tap, guestA)),
                steps);
        for (final String encap : ENCAPS) {
            if (!encap.equals("vxlan")) {
                switches.get(0)
                        .apply(near(lab, encap, guestA.spec(), guests.get(1).spec()));
                switches.get(1).apply(far(lab, encap, guestC.spec()));
                Traffic.awaitEcho(guestC, guestA.ip4(), Duration.ofSeconds(20));
            }
            GuestMatrix.run(title, List.of(new Leg("other host to guest over " + encap, guestC, guestA)), steps);
        }
        for (final WeftProcess weft : switches) {
            assertTrue(weft.get("/v1/stats").path("balanced").asBoolean(), "the books balance");
        }
        for (final QemuGuest guest : guests) {
            guest.assertUnharmed();
        }
    }

    private static String near(final Lab lab, final String encap, final GuestSpec a, final GuestSpec b) {
        return tenant(lab.host(2), encap) + "ports:\n  " + a.port("network: acme/web") + "\n  "
                + b.port("network: acme/web") + "\n  t: {network: acme/web, tap: tt"
                + (a.hostMtu() > 0 ? ", mtu: " + a.hostMtu() : "") + "}\n";
    }

    private static String far(final Lab lab, final String encap, final GuestSpec c) {
        return tenant(lab.host(1), encap) + "ports:\n  " + c.port("network: acme/web") + "\n";
    }

    private static String tenant(final Host peer, final String encap) {
        return "tenants: {acme: {networks: {web: {vni: 5001, encap: " + encap + ", peers: [" + peer.ip4() + "]}}}}\n";
    }

    private static void assertIsAsWanted(final QemuGuest guest) {
        final GuestSpec spec = guest.spec();
        final String features = guest.shell("ethtool -k eth0");
        final String wanted = spec.offloads() ? "on" : "off";
        assertTrue(features.contains("tx-checksumming: " + wanted), features);
        assertTrue(features.contains("tcp-segmentation-offload: " + wanted), features);
        assertTrue(features.contains("generic-receive-offload: on"), features);
        assertTrue(features.contains("tx-tcp6-segmentation: " + wanted), features);
        final String channels = guest.shell("ethtool -l eth0 | grep Combined | tail -n 1");
        assertEquals("Combined:" + spec.queues(), channels.replaceAll("\\s", ""));
        final String mtu = guest.shell("cat /sys/class/net/eth0/mtu").strip();
        assertEquals(String.valueOf(spec.hostMtu() > 0 ? spec.hostMtu() : 1500), mtu);
    }
}
