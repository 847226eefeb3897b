package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.Rows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricsPageTest {
    private static final Pattern SAMPLE = Pattern.compile(
            "([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[a-z_]+=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\"(,[a-z_]+=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\")*})?"
                    + " -?[0-9.E-]+");

    private static List<String> page(final Served served) throws IOException {
        final Wire.Response answer = served.ask("GET", "/metrics", null);
        assertEquals(200, answer.status());
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8", answer.headers().get("content-type"));
        assertTrue(answer.body().endsWith("\n"));
        return answer.body().lines().toList();
    }

    @Test
    void shouldHaveHelpAndTypeBeforeSamplesOfEachMetricAndNoSampleTwice() throws IOException {
        try (Served served = new Served()) {
            final Set<String> typed = new HashSet<>();
            final Set<String> series = new HashSet<>();
            String help = "";
            String metric = "";
            for (final String line : page(served)) {
                if (line.startsWith("# HELP ")) {
                    help = line.split(" ", 4)[2];
                } else if (line.startsWith("# TYPE ")) {
                    metric = line.split(" ", 4)[2];
                    assertEquals(help, metric, line);
                    assertTrue(typed.add(metric), line);
                    assertEquals(metric.endsWith("_total"), line.endsWith(" counter"), line);
                } else {
                    assertTrue(SAMPLE.matcher(line).matches(), line);
                    assertEquals(metric, line.split("[{ ]", 2)[0], line);
                    assertTrue(series.add(line.substring(0, line.lastIndexOf(' '))), line);
                }
            }
            assertTrue(typed.size() > 20, typed::toString);
        }
    }

    @Test
    void shouldTellCountsOfPortsTunnelsBooksAndWorkers() throws IOException {
        try (Served served = new Served()) {
            final List<String> page = page(served);
            assertTrue(page.contains("weft_port_frames_total{port=\"vm1\",direction=\"received\"} 11"));
            assertTrue(page.contains("weft_port_bytes_total{port=\"underlay\",direction=\"sent\"} 14"));
            assertTrue(page.contains(
                    "weft_tunnel_frames_total{network=\"acme/web\",peer=\"10.2.0.1\",direction=\"sent\"} 22"));
            assertTrue(page.contains("weft_tunnels_learned 1"));
            assertFalse(String.join("", page).contains("10.9.0.9"), "a label that anybody could make more of");
            assertTrue(page.contains("weft_books_frames_total{entry=\"dropped\"} 3"));
            assertTrue(page.contains("weft_worker_busy_ratio{worker=\"0\",cpu=\"\"} 0.25"));
        }
    }

    @Test
    void shouldEscapeLabelsWhateverIsInThem() throws IOException {
        try (Served served = new Served()) {
            served.service.fakeSwitch.drops = List.of(new Rows.DropRow("odd", "odd", "a\\b\"c\nd", "n", 5));
            final List<String> page = page(served);
            assertTrue(page.contains("weft_drops_total{reason=\"odd\",port=\"a\\\\b\\\"c\\nd\",network=\"n\"} 5"));
        }
    }

    @Test
    void shouldCountItsOwnAnswers() throws IOException {
        try (Served served = new Served()) {
            served.ask("GET", "/v1/nothing", null);
            served.ask("GET", "/v1/nothing", null);
            final List<String> page = page(served);
            assertTrue(page.contains("weft_api_answers_total{status=\"404\"} 2"));
            assertTrue(page.stream().anyMatch(line -> line.matches("weft_api_connections [1-3]")), page::toString);
        }
    }

    @Test
    void shouldCountWhatGuestsDoWrong() {
        final Rows.Traffic none = new Rows.Traffic(0, 0, 0, 0, 0, 0);
        final Rows.VhostRow vhost = new Rows.VhostRow(
                "server",
                "/run/vm",
                List.of("csum"),
                1,
                2,
                List.of(new Rows.RingRow(0, 256, true, 3, ""), new Rows.RingRow(1, 256, true, 4, "jumped")),
                false,
                1450,
                0);
        final List<Rows.PortRow> ports = List.of(
                new Rows.PortRow("vm", "vhost-user", "/run/vm", List.of("t/n"), "up", 2, 1450, "", none, vhost),
                new Rows.PortRow("h1", "tap", "h1", List.of("t/n"), "up", 1, 1450, "", none, null));
        final Rows.Status status = new Rows.Status(
                List.of(),
                List.of(),
                List.of(),
                ports,
                List.of(),
                none,
                new Rows.Carrier("", "up"),
                new Rows.LinkRow("kernel", "up", 1500, "", List.of(), List.of()),
                new Rows.Books(0, 0, 0, 0, 0, 0, 0, 0, 0),
                List.of());
        final String page = new String(new MetricsPage().status(status).bytes(), StandardCharsets.UTF_8);
        assertTrue(page.contains("weft_port_ring_faults_total{port=\"vm\"} 7\n"), page);
        assertTrue(page.contains("weft_port_rings_stopped{port=\"vm\"} 1\n"), page);
        assertTrue(page.contains("weft_port_queue_pairs{port=\"vm\"} 1\n"), page);
        assertFalse(page.contains("weft_port_queue_pairs{port=\"h1\"}"), page);
    }
}
