package io.weft.control.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.control.config.ConfigReader.Reading;
import java.util.List;

/** Reads texts and asserts every line that is said of them. */
public final class Complaining {
    static final String UNDERLAY = "underlay: {address: [10.1.0.1]}\n";

    private Complaining() {}

    public static Reading read(final String text) {
        return ConfigReader.read("f.yaml", text, Host.any());
    }

    public static Config good(final String text) {
        final Reading reading = read(text);
        assertEquals(List.of(), lines(reading));
        return reading.config();
    }

    public static List<String> lines(final Reading reading) {
        return reading.complaints().stream().map(Complaint::toString).toList();
    }

    static void assertComplaints(final String text, final String... expected) {
        assertComplaints(Host.any(), text, expected);
    }

    static void assertComplaints(final Host host, final String text, final String... expected) {
        final Reading reading = ConfigReader.read("f.yaml", text, host);
        assertEquals(String.join("\n", expected), String.join("\n", lines(reading)));
    }
}
