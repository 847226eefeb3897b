package io.weft.system;

import java.time.Duration;
import java.util.BitSet;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Traffic between what stands behind ports, guests as well as namespaces: busybox and iperf3 on both ends. */
final class Traffic {
    private static final Pattern SEQUENCE = Pattern.compile("seq=([0-9]+) ttl");
    private static final Pattern RECEIVED = Pattern.compile("([0-9.]+) Mbits/sec +receiver");
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int HTTP = 8080;
    private static final AtomicInteger PORTS = new AtomicInteger(5300);

    private Traffic() {}

    /** Five echoes of this many bytes, twenty a second: how many came back. */
    static int pings(final Endpoint from, final String address, final int bytes) {
        final String said = from.tryShell(
                        LIMIT,
                        String.format(Locale.ROOT, "busybox ping -c 5 -i 0.05 -w 10 -W 3 -s %d %s", bytes, address))
                .out();
        return seen(said).cardinality();
    }

    /** Waits until an echo comes back. */
    static void awaitEcho(final Endpoint from, final String address, final Duration limit) {
        Until.holds(
                from.label() + " reaches " + address,
                limit,
                () -> from.tryShell(LIMIT, "busybox ping -c 1 -W 1 " + address).ok());
    }

    /** TCP from one to the other for some seconds: Mbit/s that the other received. */
    static double tcp(final Endpoint from, final Endpoint to, final int seconds, final int connections) {
        final int port = PORTS.getAndIncrement();
        // It goes into the background before it listens.
        to.shell(String.format(
                Locale.ROOT,
                "iperf3 -s -1 -D -p %1$d; until busybox netstat -ltn | grep -q ':%1$d '; do busybox usleep 50000; done",
                port));
        final Sh.Result result = from.tryShell(
                Duration.ofSeconds(seconds + 30L),
                String.format(
                        Locale.ROOT,
                        "iperf3 -c %s -p %d -t %d -P %d -f m --connect-timeout 5000 2>&1",
                        to.ip4(),
                        port,
                        seconds,
                        connections));
        double sum = -1;
        for (final Matcher matcher = RECEIVED.matcher(result.out()); matcher.find(); ) {
            // With several connections the sum comes last.
            sum = Double.parseDouble(matcher.group(1));
        }
        if (!result.ok() || sum < 0) {
            throw new AssertionError("iperf3 from " + from.label() + " to " + to.label() + ": " + result.out());
        }
        return sum;
    }

    /** One makes a file of random bytes, the other fetches it over HTTP: fails the test where it differs. */
    static void copy(final Endpoint from, final Endpoint to, final int mebibytes) {
        final String name = "file-from-" + from.label();
        final String source = from.folder() + "/" + name;
        final String target = to.folder() + "/" + name + ".copy";
        serve(from);
        from.shell(String.format(
                Locale.ROOT, "busybox dd if=/dev/urandom of=%s bs=1M count=%d 2>/dev/null", source, mebibytes));
        to.shell(
                LIMIT,
                String.format(
                        Locale.ROOT,
                        "mkdir -p %s; busybox wget -q -O %s http://%s:%d/%s",
                        to.folder(),
                        target,
                        from.ip4(),
                        HTTP,
                        name));
        final String sent = checksum(from, source);
        final String arrived = checksum(to, target);
        if (!sent.equals(arrived)) {
            throw new AssertionError("a file from " + from.label() + " to " + to.label() + " changed on its way: "
                    + sent + " became " + arrived);
        }
        from.shell("rm " + source);
        to.shell("rm " + target);
    }

    /** Downloads of one from the other that go on beside the test, where they do not yet. */
    static void load(final Endpoint from, final Endpoint to) {
        serve(from);
        from.shell(String.format(
                Locale.ROOT,
                "cd %s; test -e load || busybox dd if=/dev/zero of=load bs=1M count=16 2>&1",
                from.folder()));
        to.shell(String.format(
                Locale.ROOT,
                "mkdir -p %1$s; test -e %1$s/loading && exit 0; touch %1$s/loading;"
                        + " (while :; do busybox timeout 10 busybox wget -q -O /dev/null http://%2$s:%3$d/load"
                        + " || busybox usleep 200000; done) >/dev/null 2>&1 &",
                to.folder(),
                from.ip4(),
                HTTP));
    }

    private static String checksum(final Endpoint where, final String file) {
        return where.shell("busybox sha256sum " + file).split(" ", -1)[0];
    }

    /** Guests serve files from the start; a namespace begins to here. */
    private static void serve(final Endpoint endpoint) {
        if (endpoint instanceof Machine) {
            endpoint.shell(String.format(
                    Locale.ROOT,
                    "mkdir -p %1$s; test -e %1$s/serving || { touch %1$s/serving; busybox httpd -p %2$d -h %1$s; }",
                    endpoint.folder(),
                    HTTP));
        }
    }

    /** Starts echoes that go on beside the test, twenty a second, for two minutes at most. */
    static Stream stream(final Endpoint from, final String address) {
        return new Stream(from, address);
    }

    /** Echoes that go on beside the test. */
    static final class Stream {
        private final Endpoint from;
        private final String file;

        private Stream(final Endpoint from, final String address) {
            this.from = from;
            this.file = from.folder() + "/echoes-" + PORTS.getAndIncrement();
            from.shell(String.format(
                    Locale.ROOT,
                    "mkdir -p %s; busybox ping -i 0.05 -W 120 -c 2400 -w 120 %s >%s 2>&1 & echo $! >%s.pid",
                    from.folder(),
                    address,
                    file,
                    file));
            Until.holds("echoes of " + address + " come back", Duration.ofSeconds(20), () -> received() > 3);
        }

        int received() {
            return seen(text()).cardinality();
        }

        /** Waits until some more have come back than now. */
        void awaitMore(final Duration limit) {
            final int before = received();
            Until.holds(from.label() + " gets echoes", limit, () -> received() >= before + 5);
        }

        /** Ends it: how many up to the last that came back did not come back. */
        int finish() {
            from.tryShell(LIMIT, "kill -INT $(cat " + file + ".pid)");
            final BitSet seen = seen(text());
            return seen.length() - seen.cardinality();
        }

        int duplicates() {
            return text().split("DUP!", -1).length - 1;
        }

        private String text() {
            return from.tryShell(LIMIT, "cat " + file).out();
        }
    }

    private static BitSet seen(final String text) {
        final BitSet seen = new BitSet();
        final Matcher matcher = SEQUENCE.matcher(text);
        while (matcher.find()) {
            seen.set(Integer.parseInt(matcher.group(1)));
        }
        return seen;
    }
}
