package io.weft.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.Complaining;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigDiff;
import io.weft.control.config.RandomConfig;
import io.weft.dataplane.api.SwitchControl;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ReconcilerTest {
    private static Config empty(final Config config) {
        return config.with(new TreeMap<>(), new TreeMap<>());
    }

    @Test
    void shouldMakeTheSwitchWhatIsWanted() {
        for (long seed = 1; seed <= 300; seed++) {
            final Random random = new Random(seed);
            final Config from = RandomConfig.sameHost(random);
            final Config to = RandomConfig.sameHost(random);
            final FakeSwitch there = new FakeSwitch();
            final Reconciler reconciler = new Reconciler(there);
            assertTrue(reconciler.reconcile(empty(from), from).ok(), "seed " + seed);
            final Reconciler.Done done = reconciler.reconcile(from, to);
            assertTrue(done.ok(), "seed " + seed + " " + done.failures());
            assertEquals(to, done.actual(), "seed " + seed);
            final FakeSwitch fresh = new FakeSwitch();
            new Reconciler(fresh).reconcile(empty(to), to);
            assertEquals(fresh.things, there.things, "seed " + seed);
        }
    }

    @Test
    void shouldLeaveTheSwitchAsItWasWhereverItFails() {
        for (long seed = 1; seed <= 150; seed++) {
            final Random random = new Random(seed);
            final Config from = RandomConfig.sameHost(random);
            final Config to = RandomConfig.sameHost(random);
            final int changes = ConfigDiff.between(from, to).size();
            for (int failing = 0; failing < changes; failing++) {
                final FakeSwitch there = new FakeSwitch();
                final Reconciler reconciler = new Reconciler(there);
                reconciler.reconcile(empty(from), from);
                final Map<String, String> before = new TreeMap<>(there.things);
                final int last = there.orders.size() + failing + 1;
                there.fails = _ -> there.orders.size() == last;
                final Reconciler.Done done = reconciler.reconcile(from, to);
                final String why = "seed " + seed + ", change " + failing;
                assertFalse(done.ok(), why);
                assertEquals(1, done.failures().size(), why + done.failures());
                assertEquals(from, done.actual(), why);
                assertEquals(before, there.things, why);
            }
        }
    }

    @Test
    void shouldSayWhichChangeFailedAndWhatCouldNotBeTakenBack() {
        final Config base = Complaining.good("underlay: {address: 10.1.0.1}");
        final Config wanted = Complaining.good("""
                underlay: {address: 10.1.0.1}
                tenants: {acme: {networks: {web: {vni: 5}}}}
                ports: {h1: {network: acme/web, tap: h1}}
                """);
        final FakeSwitch there = new FakeSwitch();
        there.fails = order -> order.equals("set port h1") || order.equals("remove network acme/web");
        final Reconciler.Done done = new Reconciler(there).reconcile(base, wanted);
        assertEquals(
                List.of(
                        "+ port h1 (tap h1 on acme/web): no port h1 today; try tomorrow",
                        "could not be taken back: - network acme/web (vxlan 5): cannot remove network acme/web",
                        "could not be taken back: - tenant acme: cannot remove tenant acme"),
                done.failures());
        assertEquals(List.of("acme/web"), List.copyOf(done.actual().networks().keySet()));
    }

    @Test
    void shouldDoTheRestWhenOnePortCannotBeRestored() {
        final Config wanted = Complaining.good("""
                underlay: {address: 10.1.0.1}
                tenants: {acme: {networks: {web: {vni: 5}}}}
                ports: {h1: {network: acme/web, tap: h1}, h2: {network: acme/web, tap: h2}}
                """);
        final FakeSwitch there = new FakeSwitch();
        there.fails = order -> order.equals("set port h1");
        final Reconciler.Done done = new Reconciler(there).asFarAsPossible(empty(wanted), wanted);
        assertEquals(List.of("+ port h1 (tap h1 on acme/web): no port h1 today; try tomorrow"), done.failures());
        assertEquals(List.of("h2"), List.copyOf(done.actual().ports().keySet()));
    }

    @Test
    void shouldGiveUpWhenTheSwitchDoesNotAnswer() {
        final SwitchControl silent = (SwitchControl) Proxy.newProxyInstance(
                SwitchControl.class.getClassLoader(),
                new Class<?>[] {SwitchControl.class},
                (_, _, _) -> new CompletableFuture<Void>());
        final Config wanted = Complaining.good("underlay: {address: 10.1.0.1}\ntenants: {acme: {}}");
        final Reconciler.Done done = new Reconciler(silent, 1).reconcile(empty(wanted), wanted);
        assertEquals(List.of("+ tenant acme: the switch did not answer within 0 s"), done.failures());
    }
}
