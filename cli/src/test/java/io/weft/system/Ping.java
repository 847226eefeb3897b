package io.weft.system;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The ping program: how many were sent, how many came back. */
final class Ping {
    private static final Pattern ECHO = Pattern.compile("icmp_seq=([0-9]+) ttl");

    private Ping() {}

    /** @param received echoes that came back; {@code gaps} how many before the last of them did not */
    record Count(int sent, int received, int gaps, String text) {
        /** All that were asked for came back, and none before them is missing. */
        boolean lossless() {
            return sent > 0 && received > 0 && gaps == 0 && sent <= received;
        }
    }

    /**
     * Ten echoes, or what {@code -c} says. Waits five seconds for late ones, for ping itself gives up after two round
     * trips; with {@code -W} among the options it does so.
     */
    static Count run(final Namespace from, final String destination, final String... options) {
        final List<String> all = List.of(options);
        final int count = all.contains("-c") ? Integer.parseInt(all.get(all.indexOf("-c") + 1)) : 10;
        final List<String> command = new ArrayList<>(all);
        if (!all.contains("-W") && !all.contains("-w")) {
            command.addAll(List.of("-w", "5"));
        }
        final Sh.Result result =
                from.tryRun(Duration.ofSeconds(60), command(destination, command.toArray(String[]::new)));
        return count(count, result.out() + result.err());
    }

    /** Starts one that runs beside the test, 200 echoes a second, until {@link #finish}. */
    static Background stream(final Namespace from, final String destination) {
        final Background ping = from.start(command(destination, "-i", "0.005", "-c", "20000", "-w", "120"));
        ping.awaitText("icmp_seq=5 ", Duration.ofSeconds(20));
        return ping;
    }

    /** Ends a stream: how many came back up to the last that did, and which of those before are missing. */
    static Stream finish(final Background ping) {
        Sh.run("kill", "-INT", String.valueOf(ping.pid()));
        ping.await(Duration.ofSeconds(10));
        final BitSet seen = seen(ping.out());
        final int duplicates = ping.out().split("DUP!", -1).length - 1;
        final BitSet missing = new BitSet();
        missing.set(1, seen.length());
        missing.andNot(seen);
        return new Stream(seen.cardinality(), missing, duplicates);
    }

    /** What became of a stream of echoes; the numbers of those that are missing. */
    record Stream(int received, BitSet missing, int duplicates) {}

    private static String[] command(final String destination, final String... options) {
        final List<String> command = new ArrayList<>(List.of("ping", "-n", "-c", "10", "-i", "0.05"));
        command.addAll(List.of(options));
        command.add(destination);
        return command.toArray(String[]::new);
    }

    /** While replies are late ping sends more than were asked for; those are not missed. */
    private static Count count(final int wanted, final String text) {
        final BitSet seen = seen(text);
        return new Count(wanted, seen.cardinality(), seen.isEmpty() ? 0 : seen.length() - 1 - seen.cardinality(), text);
    }

    private static BitSet seen(final String text) {
        final BitSet seen = new BitSet();
        final Matcher matcher = ECHO.matcher(text);
        while (matcher.find()) {
            seen.set(Integer.parseInt(matcher.group(1)));
        }
        return seen;
    }
}
