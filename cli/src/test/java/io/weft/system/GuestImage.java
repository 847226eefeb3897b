package io.weft.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Kernel and file system of the guests; made once a checkout by guest-image.sh and kept in the target folder. */
final class GuestImage {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final List<String> PROGRAMS =
            List.of("qemu-system-x86_64", "busybox", "cpio", "modprobe", "iperf3", "ethtool");
    private static String failure;
    private static Path made;

    private GuestImage() {}

    /** The folder that holds vmlinuz and initrd; aborts the test, saying why, where they cannot be made. */
    static synchronized Path folder() {
        Lab.require(PROGRAMS);
        if (made == null && failure == null) {
            make();
        }
        if (failure != null) {
            System.out.println(">> skipped: " + failure);
        }
        assumeTrue(failure == null, failure);
        return made;
    }

    private static void make() {
        final Path cli = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        final Path script = cli.resolve("src/test/sh/guest-image.sh");
        if (!Files.isExecutable(script)) {
            failure = "no guest: " + script + " is not there";
            return;
        }
        final Path folder = cli.resolveSibling("target").resolve("guest");
        final Sh.Result result = Sh.tryRun(LIMIT, List.of(script.toString(), folder.toString()));
        if (result.ok()) {
            made = folder;
        } else {
            failure = "no guest: " + result.err().strip();
        }
    }
}
