package io.weft.system;

import java.time.Duration;

/** What stands behind a port of a switch, a guest or a namespace: it has one NIC and runs shell commands. */
interface Endpoint {
    /** What it is called within its lab. */
    String label();

    String mac();

    String ip4();

    String ip6();

    /** The device that is the port's other end. */
    String device();

    /** A folder of its own for files. */
    String folder();

    /** Runs a line of shell; busybox and iperf3 are there. */
    Sh.Result tryShell(Duration limit, String line);

    /** Runs a line of shell and returns what it printed; fails the test where it does not end with 0. */
    default String shell(final Duration limit, final String line) {
        final Sh.Result result = tryShell(limit, line);
        if (!result.ok()) {
            throw new AssertionError(
                    label() + ": " + line + " ended with " + result.code() + ": " + result.out() + result.err());
        }
        return result.out();
    }

    default String shell(final String line) {
        return shell(Duration.ofSeconds(30), line);
    }
}
