package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an operator gets wrong: a clear line each, and the running switch goes on as it was. */
@Tag("system")
@Timeout(240)
class BadInputTest {
    private static final String GOOD = """
            tenants:
              acme:
                networks:
                  web: {vni: 5001, encap: vxlan, peers: [10.2.0.1]}
            ports:
              a: {network: acme/web, tap: ta}
              b: {network: acme/web, tap: tb}
            """;

    @Test
    void shouldSayWhatIsWrongAndGoOnAsItWas() {
        try (Lab lab = Lab.routed(2, 1500)) {
            final Host host = lab.host(1);
            final WeftProcess weft = WeftProcess.start(host, GOOD);
            final Machine a = Machine.of(lab, "a", 1).plug(host, "ta");
            final Machine b = Machine.of(lab, "b", 2).plug(host, "tb");
            final String before = weft.weft("config");
            final Background stream = Ping.stream(a.namespace(), b.ip4());

            refusedApply(weft, GOOD.replace("tap: tb", "tap: tb, network: x: y"), "weft", "yaml");
            refusedApply(weft, GOOD.replace("encap: vxlan", "encap: vxlam"), "vxlan");
            refusedApply(weft, GOOD.replace("peers:", "piers:"), "piers", "peers", ":");
            refusedApply(weft, GOOD.replace("acme/web, tap: tb", "acme/wep, tap: tb"), "wep", "web");
            refusedApply(
                    weft, GOOD.replace("ports:", "      db: {vni: 5001, encap: vxlan}\nports:"), "5001", "acme/web");
            refused(weft, "taken VNI", "network", "add", "acme/db", "--vni", "5001", "--encap", "vxlan");
            refused(weft, "not there", "port", "add", "c", "--network", "acme/none", "--tap", "tc");
            refused(weft, "taken TAP", "port", "add", "c", "--network", "acme/web", "--tap", "ta");

            // Somebody else's UDP port: a vxlan device of the kernel's holds it.
            host.ip("link add name vx9 type vxlan id 9 dstport 7000 local %s remote 10.2.0.1", host.ip4());
            host.ip("link set dev vx9 up");
            final String taken = refused(
                    weft,
                    "UDP port",
                    "network",
                    "add",
                    "acme/gnv",
                    "--vni",
                    "5003",
                    "--encap",
                    "geneve",
                    "--port",
                    "7000");
            assertTrue(taken.contains("7000"), taken);

            // A TAP device somebody else holds, and a packet size that the underlay does not carry.
            host.ip("tuntap add name busy mode tun");
            refused(weft, "no TAP", "port", "add", "c", "--network", "acme/web", "--tap", "busy");
            final String large =
                    refused(weft, "MTU", "port", "add", "c", "--network", "acme/web", "--tap", "tc", "--mtu", "1500");
            assertTrue(large.toLowerCase(Locale.ROOT).contains("mtu"), large);

            final Ping.Stream count = Ping.finish(stream);
            assertEquals(new BitSet(), count.missing(), "lost meanwhile, of " + count.received());
            assertEquals(0, count.duplicates());
            assertTrue(count.received() > 400, "stream of " + count.received());
            assertEquals(before, weft.weft("config"));
            assertTrue(weft.process().isAlive());
        }
    }

    @Test
    void shouldSayWhatToDoWhenItCannotStart() {
        try (Lab lab = Lab.routed(1, Lab.WIDE_MTU)) {
            final Host host = lab.host(1);
            final WeftProcess weft = WeftProcess.start(host, GOOD);
            assertEquals(0, weft.stop());

            final String noRight = failedStart(weft, "setpriv", "--bounding-set=-all", "--inh-caps=-all");
            assertTrue(noRight.contains("root") || noRight.contains("CAP_NET_ADMIN"), noRight);

            weft.rewrite(GOOD.replace("vni: 5001", "vni: 17000000"));
            assertTrue(failedStart(weft).contains("vni"));

            weft.rewrite(GOOD.replace("tenants:", "underlay: {address: [10.99.0.1]}\ntenants:"));
            assertTrue(failedStart(weft, "env").contains("10.99.0.1"));
        }
    }

    private static void refusedApply(final WeftProcess weft, final String yaml, final String... words) {
        final Sh.Result result = weft.tryApply(yaml);
        assertEquals(1, result.code(), result.out() + result.err());
        final String said = result.err();
        for (final String word : words) {
            assertTrue(said.contains(word), "\"" + word + "\" in: " + said);
        }
        assertTrue(said.contains("next.yaml:"), "the place in the file: " + said);
        assertOneLineEach(said, 1);
    }

    private static String refused(final WeftProcess weft, final String why, final String... command) {
        final Sh.Result result = weft.tryWeft(command);
        assertEquals(1, result.code(), why + ": " + result.out() + result.err());
        assertOneLineEach(result.err(), 1);
        return result.err();
    }

    /** @param before what the switch is run by, such as setpriv with its options */
    private static String failedStart(final WeftProcess weft, final String... before) {
        final List<String> command = new ArrayList<>(List.of(before));
        command.addAll(
                WeftProcess.java("run", "-c", weft.folder().resolve("weft.yaml").toString(), "--reset"));
        final Sh.Result result = weft.host().tryRun(Duration.ofSeconds(60), command.toArray(String[]::new));
        assertEquals(1, result.code(), result.out() + result.err());
        assertOneLineEach(result.err(), 2);
        return result.err();
    }

    private static void assertOneLineEach(final String said, final int most) {
        final long lines = said.strip().lines().count();
        assertTrue(lines >= 1 && lines <= most, "a line that says what to do: " + said);
        assertTrue(!said.contains("Exception") && !said.contains("\tat "), said);
    }
}
