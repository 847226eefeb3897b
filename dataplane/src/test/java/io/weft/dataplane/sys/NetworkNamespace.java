package io.weft.dataplane.sys;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** A network namespace of a test's own, gone with {@link #close}. */
public final class NetworkNamespace implements AutoCloseable {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final MethodHandle SETNS = Native.handle("setns", 2);

    private final String name;

    /** Makes the namespace with its loopback up. */
    public NetworkNamespace(final String name) {
        this.name = name;
        run("ip", "netns", "add", name);
        ip("link", "set", "lo", "up");
    }

    public String name() {
        return name;
    }

    /** {@code ip} in the namespace. */
    public void ip(final String... words) {
        final List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(words));
        run(command.toArray(String[]::new));
    }

    /** Waits until a cable's two ends know of each other, without which the kernel drops what is sent in silence. */
    public void awaitCarrier(final String device) {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!run("ip", "-n", name, "link", "show", "dev", device).contains("state UP")) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(name + " " + device + ": no carrier in 20 s");
            }
        }
    }

    /** Runs a step on a thread of the namespace; what it opens stays there. */
    public <T> T in(final Callable<T> step) throws Exception {
        final List<T> results = new ArrayList<>();
        final List<Throwable> errors = new ArrayList<>();
        final Thread thread = new Thread(() -> {
            try {
                enter();
                results.add(step.call());
            } catch (final Throwable thrown) {
                errors.add(thrown);
            }
        });
        thread.start();
        thread.join();
        if (!errors.isEmpty()) {
            throw new AssertionError(
                    "in namespace " + name + ": " + errors.get(0).getMessage(), errors.get(0));
        }
        return results.get(0);
    }

    @Override
    public void close() {
        run("ip", "netns", "del", name);
    }

    /** Whether this machine and user can make namespaces. */
    public static boolean possible() {
        return Files.isWritable(Path.of("/run")) && Files.exists(Path.of("/sbin/ip"));
    }

    /** Runs a program to its end, which must be a good one, and returns what it printed. */
    public static String run(final String... command) {
        try {
            final Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.PIPE)
                    .start();
            final String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(String.join(" ", command) + ": not done in 20 s");
            }
            if (process.exitValue() != 0) {
                throw new AssertionError(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (final IOException | InterruptedException failed) {
            throw new AssertionError(String.join(" ", command), failed);
        }
    }

    private void enter() throws Throwable {
        final int fd = ErrnoException.check("open " + name, Libc.open("/run/netns/" + name, Libc.O_RDONLY, 0));
        final MemorySegment state = Native.state();
        final int result = Native.result((long) SETNS.invokeExact(state, (long) fd, (long) CLONE_NEWNET), state);
        Libc.close(fd);
        ErrnoException.check("setns " + name, result);
    }
}
