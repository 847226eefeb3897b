package io.weft.system;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The ping program: how many were sent, how many came back. */
final class Ping {
    private static final Pattern SUMMARY = Pattern.compile("([0-9]+) packets transmitted, ([0-9]+) received");

    private Ping() {}

    record Count(int sent, int received, String text) {
        boolean lossless() {
            return sent > 0 && received == sent;
        }
    }

    /** Ten echoes, or what the options say. */
    static Count run(final Namespace from, final String destination, final String... options) {
        final Sh.Result result = from.tryRun(Duration.ofSeconds(60), command(destination, options));
        return count(result.out() + result.err());
    }

    /** Starts one that runs beside the test: 200 echoes a second. */
    static Background stream(final Namespace from, final String destination, final int count) {
        final Background ping =
                from.start(command(destination, "-i", "0.005", "-c", String.valueOf(count), "-W", "3", "-w", "60"));
        return ping;
    }

    static Count result(final Background ping, final Duration limit) {
        ping.await(limit);
        return count(ping.out() + ping.err());
    }

    private static String[] command(final String destination, final String... options) {
        final List<String> command = new ArrayList<>(List.of("ping", "-n", "-c", "10", "-i", "0.05", "-W", "2"));
        command.addAll(List.of(options));
        command.add(destination);
        return command.toArray(String[]::new);
    }

    private static Count count(final String text) {
        final Matcher matcher = SUMMARY.matcher(text);
        if (!matcher.find()) {
            return new Count(0, 0, text);
        }
        return new Count(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)), text);
    }
}
