package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Switch and guests are killed and come back, under load, and each time the traffic goes on. */
@Tag("system")
class GuestRestartTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Guest a has split rings and b packed ones; each with the switch in both roles. */
    @ParameterizedTest(name = "QEMU of the guest with split rings listens: {0}")
    @ValueSource(booleans = {true, false})
    @Tag("H19")
    @Timeout(400)
    void shouldGoOnWhenSwitchAndGuestsAreKilledInTurn(final boolean splitListens) {
        torture(splitListens, 3);
    }

    @Test
    @Tag("H19")
    @Timeout(1200)
    @EnabledIfSystemProperty(
            named = "weft.long",
            matches = "true",
            disabledReason = "takes some minutes: ./verify --long")
    void shouldGoOnWhenSwitchAndGuestsAreKilledInTurnTwentyTimes() {
        torture(true, 20);
    }

    private static void torture(final boolean splitListens, final int rounds) {
        try (Lab lab = Lab.routed(1, Lab.WIDE_MTU)) {
            final GuestSpec split = GuestSpec.of(lab, "split", 1);
            final GuestSpec packed = GuestSpec.of(lab, "packed", 2).packed(true).queues(2);
            final GuestSpec a = splitListens ? split : split.switchListens();
            final GuestSpec b = splitListens ? packed.switchListens() : packed;
            final WeftProcess weft = WeftProcess.start(
                    lab.host(1), """
                    tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan}}}}
                    ports:
                      %s
                      %s
                      t: {network: acme/web, tap: tt}
                    """.formatted(a.port("network: acme/web"), b.port("network: acme/web")));
            final QemuGuest guestA = QemuGuest.start(lab.host(1), a).go();
            final QemuGuest guestB = QemuGuest.start(lab.host(1), b).go();
            guestA.awaitBoot();
            guestB.awaitBoot();
            load(guestA, guestB);
            for (int round = 0; round < rounds; round++) {
                killSwitch(weft, guestA, guestB);
                end(round % 2 == 0 ? guestB : guestA, round % 4 >= 2);
                load(guestA, guestB);
                final long start = System.nanoTime();
                Traffic.copy(guestA, guestB, 1);
                System.out.println(">> copied in " + seconds(start));
            }
            guestA.assertUnharmed();
            guestB.assertUnharmed();
            assertTrue(weft.get("/v1/stats").path("balanced").asBoolean(), "the books balance");
        }
    }

    /** Echoes of both guests go on, and neither was restarted. */
    private static void killSwitch(final WeftProcess weft, final QemuGuest a, final QemuGuest b) {
        final Traffic.Stream there = Traffic.stream(a, b.ip4());
        final Traffic.Stream back = Traffic.stream(b, a.ip4());
        weft.kill();
        final long start = System.nanoTime();
        weft.restart();
        final String ready = seconds(start);
        there.awaitMore(LIMIT);
        back.awaitMore(LIMIT);
        // Two seconds and a half for a switch to start, where two guests keep the machine busy: no figure to promise.
        System.out.println(">> switch killed and started in " + ready + ": " + there.finish() + " and " + back.finish()
                + " echoes lost of " + there.received() + " and " + back.received() + ", 20 a second");
        for (final QemuGuest guest : List.of(a, b)) {
            assertEquals("1", guest.shell("cat /sys/class/net/eth0/carrier").strip(), guest + " has a link");
            guest.assertUnharmed();
        }
    }

    /** A guest is reset or its QEMU killed, and comes back. */
    private static void end(final QemuGuest guest, final boolean crash) {
        final long start = System.nanoTime();
        final Duration before = crash ? Duration.ZERO : guest.process().cpu();
        if (crash) {
            guest.kill();
            guest.start();
        } else {
            guest.reset();
        }
        guest.awaitBoot();
        System.out.println(">> guest " + guest.label() + (crash ? " killed" : " reset") + " and booted in "
                + seconds(start) + ", " + guest.process().cpu().minus(before).toMillis() + " ms of CPU");
    }

    private static String seconds(final long since) {
        return String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - since) / 1e9);
    }

    /** Downloads both ways that go on beside all that happens. */
    private static void load(final QemuGuest a, final QemuGuest b) {
        Traffic.awaitEcho(a, b.ip4(), LIMIT);
        Traffic.load(a, b);
        Traffic.load(b, a);
    }
}
