package io.weft.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A network namespace of the lab: a hypervisor host, a machine behind a port, or what joins the hosts. */
class Namespace {
    private final Lab lab;
    private final String name;
    private final String label;

    Namespace(final Lab lab, final String label) {
        this.lab = lab;
        this.label = label;
        this.name = lab.prefix() + label;
        Sh.run("ip", "netns", "add", name);
        sysctl("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0");
        ip("link set lo up");
    }

    /** What the namespace is called on this machine. */
    final String name() {
        return name;
    }

    /** What it is called within its lab. */
    final String label() {
        return label;
    }

    final Lab lab() {
        return lab;
    }

    /** Runs {@code ip} with these arguments, separated by blanks; {@code %s} and the like are filled in. */
    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be one more dependency
    final String ip(final String format, final Object... values) {
        final List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(String.format(Locale.ROOT, format, values).split(" ", -1)));
        return Sh.run(command);
    }

    final String run(final String... command) {
        return Sh.run(in(command));
    }

    final Sh.Result tryRun(final Duration limit, final String... command) {
        return Sh.tryRun(limit, in(command));
    }

    /** Starts a program in the namespace; the lab ends it at the latest. */
    final Background start(final String... command) {
        return lab.own(
                Background.start(lab.newFile(label + "-" + Path.of(command[0]).getFileName()), in(command)));
    }

    final void sysctl(final String... settings) {
        for (final String setting : settings) {
            run("sysctl", "-qw", setting);
        }
    }

    final boolean hasDevice(final String device) {
        return Sh.tryRun(Duration.ofSeconds(10), List.of("ip", "-n", name, "link", "show", "dev", device))
                .ok();
    }

    final String macOf(final String device) {
        return run("cat", "/sys/class/net/" + device + "/address").strip();
    }

    private List<String> in(final String... command) {
        final List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(List.of(command));
        return all;
    }

    @Override
    public String toString() {
        return name;
    }
}
