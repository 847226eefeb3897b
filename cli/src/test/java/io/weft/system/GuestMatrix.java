package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;

/**
 * What has to hold between any two that a switch joins, as data: who talks to whom, and what they do. Whoever changes
 * something under guests (restarts, moves) runs it before, meanwhile and after.
 */
final class GuestMatrix {
    private static final int TCP_SECONDS = 1;

    private GuestMatrix() {}

    /** Two ends of which each reaches the other. */
    record Leg(String name, Endpoint a, Endpoint b) {}

    /** Something that two ends do; it returns what is worth a line, and fails the test where it does not succeed. */
    record Step(String name, Doing doing) {}

    /** What a step does. */
    interface Doing {
        String between(Endpoint a, Endpoint b);
    }

    /** Echoes of an ordinary size in both IP versions. */
    static final Step ECHO = new Step("echo", (a, b) -> {
        assertEquals(5, Traffic.pings(a, b.ip4(), 56), "echoes over IPv4");
        assertEquals(5, Traffic.pings(b, a.ip6(), 1000), "echoes over IPv6");
        return "";
    });

    /** TCP each way, as fast as it goes. */
    static final Step TCP = new Step("tcp", (a, b) -> {
        final double there = Traffic.tcp(a, b, TCP_SECONDS, 1);
        final double back = Traffic.tcp(b, a, TCP_SECONDS, 1);
        assertTrue(there > 1 && back > 1, "Mbit/s there " + there + ", back " + back);
        return String.format(Locale.ROOT, "%.0f Mbit/s there, %.0f Mbit/s back", there, back);
    });

    /** A file each way, which arrives as it was. */
    static final Step FILE = new Step("file", (a, b) -> {
        Traffic.copy(a, b, 4);
        Traffic.copy(b, a, 4);
        return "";
    });

    static final List<Step> STEPS = List.of(ECHO, TCP, FILE);

    /** Echoes as big as the network's MTU lets them be without fragments. */
    static Step fullSize(final int mtu) {
        return new Step("echo of " + mtu + " bytes", (a, b) -> {
            assertEquals(5, Traffic.pings(a, b.ip4(), mtu - 28), "echoes over IPv4");
            assertEquals(5, Traffic.pings(b, a.ip6(), mtu - 48), "echoes over IPv6");
            return "";
        });
    }

    /** Every step on every leg; prints a line for each that has something to tell. */
    static void run(final String title, final List<Leg> legs, final List<Step> steps) {
        for (final Leg leg : legs) {
            for (final Step step : steps) {
                try {
                    final String told = step.doing().between(leg.a(), leg.b());
                    if (!told.isEmpty()) {
                        System.out.println(">> " + title + ", " + leg.name() + ", " + step.name() + ": " + told);
                    }
                } catch (final AssertionError e) {
                    throw new AssertionError(title + ", " + leg.name() + ", " + step.name() + ": " + e.getMessage(), e);
                }
            }
        }
    }
}
