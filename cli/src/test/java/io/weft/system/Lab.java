package io.weft.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Hosts and machines on one machine: each a network namespace, the hosts joined by a router or a bridge. Namespaces and
 * files carry this process's id in their names, so that several test runs stand side by side and what a killed one left
 * is swept by the next.
 *
 * <pre>
 *   machine a (eth t1) ─ TAP ─ host 1 (eth0 10.1.0.1, fd00:1::1) ── router ── host 2 (10.2.0.1, fd00:2::1) ─ ... machine b
 * </pre>
 *
 * Owned by the test's thread.
 */
final class Lab implements AutoCloseable {
    /** Room for an inner 1,500-byte packet in any tunnel. */
    static final int WIDE_MTU = 1600;

    private static final Pattern STALE = Pattern.compile("weft-([0-9]+)-[0-9]+(-.*)?");
    private static final AtomicInteger SEQUENCE = new AtomicInteger();
    private static final List<String> PROGRAMS =
            List.of("ip", "bridge", "sysctl", "ping", "iperf3", "tcpdump", "tshark", "ethtool");
    private static boolean swept;

    private final String prefix;
    private final Path directory;
    private final List<Host> hosts = new ArrayList<>();
    private final List<Namespace> namespaces = new ArrayList<>();
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final Map<String, Integer> fileNumbers = new HashMap<>();
    private final Thread hook = new Thread(this::dismantle, "lab-cleanup");
    private Namespace middle;

    private Lab() {
        require(PROGRAMS);
        sweep();
        prefix = "weft-" + ProcessHandle.current().pid() + "-" + SEQUENCE.incrementAndGet() + "-";
        try {
            directory = Files.createDirectory(temporary().resolve(prefix.substring(0, prefix.length() - 1)));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Hosts in an IP subnet each, a router between; host 1 comes first. */
    static Lab routed(final int hosts, final int mtu) {
        return built(lab -> {
            final Namespace router = lab.namespace("router");
            router.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
            lab.middle = router;
            for (int i = 1; i <= hosts; i++) {
                final Host host = lab.host(i, "10." + i + ".0.1", "fd00:" + i + "::1", mtu);
                router.ip("addr add 10.%d.0.254/24 dev to%d", i, i);
                router.ip("-6 addr add fd00:%d::fe/64 dev to%d nodad", i, i);
                host.ip("route add default via 10.%d.0.254", i);
                host.ip("-6 route add default via fd00:%d::fe", i);
            }
        });
    }

    /** Hosts in one subnet, a bridge between: what underlay multicast needs without a multicast router. */
    static Lab bridged(final int hosts, final int mtu) {
        return built(lab -> {
            lab.middle = lab.namespace("bridge");
            lab.middle.ip("link add br0 type bridge mcast_snooping 0");
            lab.middle.ip("link set br0 mtu %d up", mtu);
            for (int i = 1; i <= hosts; i++) {
                lab.host(i, "10.0.0." + i, "fd00::" + i, mtu);
                lab.middle.ip("link set to%d master br0", i);
            }
        });
    }

    private interface Building {
        void in(Lab lab);
    }

    private static Lab built(final Building building) {
        final Lab lab = new Lab();
        try {
            building.in(lab);
            return lab;
        } catch (final RuntimeException | Error e) {
            lab.close();
            throw e;
        }
    }

    private Host host(final int number, final String ip4, final String ip6, final int mtu) {
        final Host host = new Host(this, "h" + number, ip4, ip6, "to" + number);
        namespaces.add(host);
        hosts.add(host);
        link(host, "eth0", middle, host.linkName(), mtu);
        host.ip("addr add %s/24 dev eth0", ip4);
        host.ip("-6 addr add %s/64 dev eth0 nodad", ip6);
        return host;
    }

    /**
     * Joins two namespaces by a veth pair. Checksum offload is off on both ends: what passes is whole, as on a wire, and
     * can be judged by whoever reads it.
     */
    void link(final Namespace a, final String deviceA, final Namespace b, final String deviceB, final int mtu) {
        a.ip("link add name %s mtu %d type veth peer name %s mtu %d netns %s", deviceA, mtu, deviceB, mtu, b.name());
        a.run("ethtool", "-K", deviceA, "tx", "off", "tso", "off", "gso", "off");
        b.run("ethtool", "-K", deviceB, "tx", "off", "tso", "off", "gso", "off");
        a.ip("link set dev %s up", deviceA);
        b.ip("link set dev %s up", deviceB);
    }

    /** @param number from 1 */
    Host host(final int number) {
        return hosts.get(number - 1);
    }

    /** The router or the bridge: every frame of the underlay passes here. */
    Namespace middle() {
        return middle;
    }

    /** One more namespace. */
    Namespace namespace(final String label) {
        final Namespace namespace = new Namespace(this, label);
        namespaces.add(namespace);
        return namespace;
    }

    String prefix() {
        return prefix;
    }

    Path directory() {
        return directory;
    }

    /** A path in the lab's folder that no one else was given. */
    Path newFile(final String name) {
        return directory.resolve(name + "-" + fileNumbers.merge(name, 1, Integer::sum));
    }

    /** To be closed with the lab, last come first. */
    <T extends AutoCloseable> T own(final T resource) {
        synchronized (owned) {
            owned.push(resource);
        }
        return resource;
    }

    /** Aborts the test, saying why on the console, where the machine cannot hold a lab. */
    static void require(final List<String> programs) {
        final String missing = missing(programs);
        if (missing != null) {
            System.out.println(">> skipped: " + missing);
        }
        assumeTrue(missing == null, missing);
    }

    private static String missing(final List<String> programs) {
        if (!"root".equals(System.getProperty("user.name"))) {
            return "system tests need root";
        }
        for (final String program : programs) {
            if (Stream.of("/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/")
                    .noneMatch(folder -> Files.isExecutable(Path.of(folder + program)))) {
                return "this system test needs the program " + program;
            }
        }
        return Files.exists(Path.of("/dev/net/tun")) ? null : "system tests need /dev/net/tun";
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
        dismantle();
    }

    private void dismantle() {
        while (true) {
            final AutoCloseable next;
            synchronized (owned) {
                next = owned.poll();
            }
            if (next == null) {
                break;
            }
            try {
                next.close();
            } catch (final Exception e) {
                System.err.println("while taking the lab down: " + e);
            }
        }
        for (final Namespace namespace : namespaces) {
            delete(namespace.name());
        }
        delete(directory);
    }

    /** Removes what test runs left whose process is gone, their processes in those namespaces included. */
    private static synchronized void sweep() {
        if (swept) {
            return;
        }
        swept = true;
        for (final String line : Sh.run("ip", "netns", "list").lines().toList()) {
            final String name = line.strip().replaceAll(" .*", "");
            if (isStale(name)) {
                System.out.println(">> sweeping namespace " + name + " of a test run that is gone");
                delete(name);
            }
        }
        try (Stream<Path> files = Files.list(temporary())) {
            files.filter(file -> isStale(file.getFileName().toString())).forEach(Lab::delete);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isStale(final String name) {
        final Matcher matcher = STALE.matcher(name);
        return matcher.matches()
                && ProcessHandle.of(Long.parseLong(matcher.group(1))).isEmpty();
    }

    private static void delete(final String namespace) {
        final Duration limit = Duration.ofSeconds(20);
        for (final String pid : Sh.tryRun(limit, List.of("ip", "netns", "pids", namespace))
                .out()
                .lines()
                .toList()) {
            ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly);
        }
        Sh.tryRun(limit, List.of("ip", "netns", "del", namespace));
    }

    private static void delete(final Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (final IOException e) {
            System.err.println("could not remove " + directory + ": " + e.getMessage());
        }
    }

    private static Path temporary() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }
}
