package io.weft.system;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The iperf3 program between two machines. */
final class Iperf {
    private static final int PORT = 5201;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Iperf() {}

    /** @param received bytes that the receiving side counted; {@code lostPackets} UDP only */
    record Transfer(long sent, long received, long lostPackets) {}

    /** One TCP connection that carries 3 MB, client to server, or the other way with {@code -R}. */
    static Transfer tcp(final Machine client, final Machine server, final String address, final String... options) {
        final JsonNode end = run(client, server, address, options).path("end");
        return new Transfer(
                end.path("sum_sent").path("bytes").asLong(),
                end.path("sum_received").path("bytes").asLong(),
                0);
    }

    /** 3 MB in UDP datagrams. */
    static Transfer udp(final Machine client, final Machine server, final String address, final String... options) {
        final String[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = "-u";
        final JsonNode sum = run(client, server, address, all).path("end").path("sum");
        final long bytes = sum.path("bytes").asLong();
        final long packets = sum.path("packets").asLong();
        final long lost = sum.path("lost_packets").asLong();
        return new Transfer(bytes, packets == 0 ? 0 : bytes / packets * (packets - lost), lost);
    }

    private static JsonNode run(
            final Machine client, final Machine server, final String address, final String... options) {
        final String port = String.valueOf(PORT);
        try (Background listening = server.namespace().start("iperf3", "-s", "-1", "-p", port, "--forceflush")) {
            listening.awaitText("listening", LIMIT);
            final List<String> command = new ArrayList<>(List.of("iperf3", "-c", address, "-p", port, "-J"));
            command.addAll(List.of("-n", "3M", "-b", "30M"));
            command.addAll(List.of(options));
            final Sh.Result result = client.namespace().tryRun(LIMIT, command.toArray(String[]::new));
            try {
                final JsonNode report = new ObjectMapper().readTree(result.out());
                if (!result.ok()) {
                    throw new AssertionError("iperf3: " + report.path("error").asText() + result.err());
                }
                return report;
            } catch (final JsonProcessingException e) {
                throw new AssertionError("iperf3 said: " + result.out() + result.err(), e);
            }
        }
    }
}
