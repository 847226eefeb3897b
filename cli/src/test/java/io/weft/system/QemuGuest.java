package io.weft.system;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A virtual machine with Linux whose only NIC is a vhost-user device, in QEMU's software emulation. Commands run in it
 * over a serial port that answers with output and exit status (guest-image.sh). Owned by the test's thread.
 */
final class QemuGuest implements Endpoint, AutoCloseable {
    /** About 2 s where the machine has nothing else to do. */
    private static final Duration BOOT = Duration.ofMinutes(2);

    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final String READY = "@ready";

    private final Host host;
    private final GuestSpec spec;
    private final Path image;
    private Background process;
    private Path pendingQmp;
    private Qmp qmp;
    private LineSocket serial;
    private Path console;
    private int sequence;

    private QemuGuest(final Host host, final GuestSpec spec) {
        this.host = host;
        this.spec = spec;
        this.image = GuestImage.folder();
    }

    /** Starts a guest without waiting; QEMU itself waits for the switch. The lab ends it at the latest. */
    static QemuGuest start(final Host host, final GuestSpec spec) {
        final QemuGuest guest = new QemuGuest(host, spec);
        guest.start();
        return host.lab().own(guest);
    }

    /** Starts a guest and waits until it has booted. */
    static QemuGuest boot(final Host host, final GuestSpec spec) {
        return start(host, spec).awaitBoot();
    }

    /** Starts QEMU, again after {@link #kill}. */
    void start() {
        final Lab lab = host.lab();
        final Path qmpPath = lab.newFile(spec.name() + ".qmp");
        final Path serialPath = lab.newFile(spec.name() + ".serial");
        console = lab.newFile(spec.name() + ".console");
        process = host.start(spec.qemu(image, qmpPath, serialPath, console).toArray(String[]::new));
        serial = LineSocket.connect(serialPath, GRACE, process::isAlive);
        // Answers when QEMU has the switch: not to be waited for where several guests start at a time.
        pendingQmp = qmpPath;
        qmp = null;
    }

    private Qmp qmp() {
        if (qmp == null) {
            qmp = Qmp.connect(pendingQmp, process::isAlive);
            qmp.execute("cont");
        }
        return qmp;
    }

    /** Lets the CPU run, where it does not yet. */
    QemuGuest go() {
        qmp();
        return this;
    }

    QemuGuest awaitBoot() {
        qmp();
        try {
            serial.take(line -> line.startsWith(READY), "boot of " + spec.name(), BOOT);
        } catch (final AssertionError e) {
            throw new AssertionError(
                    e.getMessage() + "; console: "
                            + Sh.tryRun(GRACE, List.of("tail", "-n", "15", console.toString()))
                                    .out()
                            + process.err(),
                    e);
        }
        return this;
    }

    /** The machine's reset button; returns at once, {@link #awaitBoot} waits. */
    void reset() {
        qmp().execute("system_reset");
    }

    /** SIGKILL for QEMU, as a crash would. */
    void kill() {
        process.kill();
        disconnect();
    }

    /** Takes the NIC away as an operator would, the driver in the guest agreeing; its socket goes with it. */
    void unplug() {
        qmp().execute("device_del", Qmp.object().put("id", "nic"));
        qmp.awaitEvent("DEVICE_DELETED", "nic");
        qmp.execute("netdev_del", Qmp.object().put("id", "net0"));
    }

    /** Plugs the NIC in again, and configures it in the guest. */
    void plug() {
        qmp().execute("chardev-add", chardev());
        qmp.execute(
                "netdev_add",
                Qmp.object()
                        .put("type", "vhost-user")
                        .put("id", "net0")
                        .put("chardev", "chr0")
                        .put("queues", spec.queues()));
        final ObjectNode device = Qmp.object();
        final String[] parts = spec.device().split(",", -1);
        device.put("driver", parts[0]);
        for (int i = 1; i < parts.length; i++) {
            final int equals = parts[i].indexOf('=');
            device.put(parts[i].substring(0, equals), parts[i].substring(equals + 1));
        }
        qmp.execute("device_add", device);
        Until.holds(
                "the NIC is in the guest " + spec.name(),
                Duration.ofSeconds(30),
                () -> tryShell(GRACE, "test -e /sys/class/net/eth0").ok());
        shell("net-up");
    }

    private ObjectNode chardev() {
        final ObjectNode arguments = Qmp.object().put("id", "chr0");
        final ObjectNode data =
                arguments.putObject("backend").put("type", "socket").putObject("data");
        data.putObject("addr")
                .put("type", "unix")
                .putObject("data")
                .put("path", spec.socket().toString());
        data.put("server", spec.listens());
        if (spec.listens()) {
            data.put("wait", false);
        } else {
            data.put("reconnect", 1);
        }
        return arguments;
    }

    @Override
    public Sh.Result tryShell(final Duration limit, final String line) {
        qmp();
        final String id = "c" + ++sequence;
        serial.send(id + " " + Math.max(1, limit.toSeconds()) + " " + line);
        final String end = "@end " + id + " ";
        final List<String> said = answer(end, line, limit);
        final int code = Integer.parseInt(said.getLast().substring(end.length()).strip());
        // The guest writes an empty line before, for output that does not end its last one.
        final List<String> output = said.subList(0, said.size() - 1);
        final boolean whole = !output.isEmpty() && output.getLast().isEmpty();
        final String text = String.join("\n", whole ? output.subList(0, output.size() - 1) : output);
        return new Sh.Result(code, text.isEmpty() ? "" : text + "\n", "");
    }

    private List<String> answer(final String end, final String line, final Duration limit) {
        try {
            return serial.take(
                    text -> text.startsWith(end), "end of \"" + line + "\" in " + spec.name(), limit.plus(GRACE));
        } catch (final AssertionError e) {
            throw new AssertionError(e.getMessage() + diagnosis(), e);
        }
    }

    /** For whoever reads of a guest that does not answer: whether QEMU does, and where its CPUs are. */
    private String diagnosis() {
        try {
            return "\nQEMU: " + qmp.execute("query-status")
                    + monitor("info registers -a")
                            .lines()
                            .filter(line -> line.contains("RIP") || line.contains("CPU#"))
                            .toList()
                    + monitor("info pic") + process.err();
        } catch (final AssertionError e) {
            return "\nQEMU: " + e.getMessage() + process.err();
        }
    }

    private String monitor(final String command) {
        return qmp.execute("human-monitor-command", Qmp.object().put("command-line", command))
                .asText();
    }

    /** Fails the test where the guest's kernel found its rings, or itself, damaged. */
    void assertUnharmed() {
        final String complaints = tryShell(
                        GRACE, "dmesg | grep -E 'not a head|virtio.*unexpected|NETDEV WATCHDOG|BUG:|Oops'")
                .out();
        if (!complaints.isEmpty()) {
            throw new AssertionError("the kernel of " + spec.name() + " says: " + complaints);
        }
    }

    GuestSpec spec() {
        return spec;
    }

    Host host() {
        return host;
    }

    Background process() {
        return process;
    }

    @Override
    public String label() {
        return spec.name();
    }

    @Override
    public String mac() {
        return spec.mac();
    }

    @Override
    public String ip4() {
        return spec.ip4();
    }

    @Override
    public String ip6() {
        return spec.ip6();
    }

    @Override
    public String device() {
        return "eth0";
    }

    @Override
    public String folder() {
        return "/srv";
    }

    private void disconnect() {
        serial.close();
        if (qmp != null) {
            qmp.close();
        }
    }

    @Override
    public void close() {
        disconnect();
        process.close();
    }

    @Override
    public String toString() {
        return spec.name();
    }
}
