package io.weft.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An Open vSwitch of its own on a host, with the userspace datapath: br-phy takes over eth0 and its addresses, br-int
 * holds machines and tunnels.
 */
final class OvsUserspace {
    private static final List<String> PROGRAMS = List.of("ovs-vsctl", "ovs-vswitchd", "ovsdb-server", "ovs-appctl");
    private static final Duration START = Duration.ofSeconds(20);

    private final Host host;
    private final Path folder;

    private OvsUserspace(final Host host) {
        this.host = host;
        this.folder = host.lab().newFile("ovs");
    }

    static OvsUserspace start(final Host host) {
        Lab.require(PROGRAMS);
        final OvsUserspace ovs = new OvsUserspace(host);
        ovs.startDaemons();
        ovs.takeUnderlay();
        return ovs;
    }

    private void startDaemons() {
        final String database = folder + "/conf.db";
        Sh.run("mkdir", folder.toString());
        Sh.run("ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema");
        final Background server = host.start(withFolders(
                "ovsdb-server",
                "--remote=punix:" + folder + "/db.sock",
                "--unixctl=" + folder + "/db.ctl",
                "--no-chdir",
                "--log-file=" + folder + "/ovsdb.log",
                database));
        Until.holds(
                "ovsdb-server's socket",
                START,
                () -> server.isAlive()
                        && Sh.tryRun(START, List.of("test", "-S", folder + "/db.sock"))
                                .ok());
        vsctl("--no-wait init");
        final Background daemon = host.start(withFolders(
                "ovs-vswitchd",
                "--unixctl=" + folder + "/ctl",
                "--log-file=" + folder + "/vswitchd.log",
                "--no-chdir",
                "unix:" + folder + "/db.sock"));
        Until.holds(
                "ovs-vswitchd's socket",
                START,
                () -> daemon.isAlive()
                        && Sh.tryRun(START, List.of("test", "-S", folder + "/ctl"))
                                .ok());
    }

    private String[] withFolders(final String... command) {
        final List<String> all = new ArrayList<>(List.of(
                "env",
                "OVS_RUNDIR=" + folder,
                "OVS_LOGDIR=" + folder,
                "OVS_DBDIR=" + folder,
                "OVS_SYSCONFDIR=" + folder));
        all.addAll(List.of(command));
        return all.toArray(String[]::new);
    }

    private void takeUnderlay() {
        vsctl(
                "add-br br-phy -- set bridge br-phy datapath_type=netdev other_config:hwaddr=%s -- add-port br-phy eth0",
                host.macOf("eth0"));
        vsctl("add-br br-int -- set bridge br-int datapath_type=netdev");
        final String routes4 = host.ip("route show default").strip();
        final String routes6 = host.ip("-6 route show default").strip();
        host.ip("addr flush dev eth0");
        host.ip("-6 route flush dev eth0");
        host.ip("link set br-phy mtu %d up", Lab.WIDE_MTU);
        host.ip("link set br-int up");
        host.ip("addr add %s/24 dev br-phy", host.ip4());
        host.ip("-6 addr add %s/64 dev br-phy nodad", host.ip6());
        if (!routes4.isEmpty()) {
            host.ip("route add default via %s dev br-phy", routes4.split(" ", -1)[2]);
            host.ip("-6 route add default via %s dev br-phy", routes6.split(" ", -1)[2]);
        }
    }

    /**
     * A tunnel on br-int.
     *
     * @param type vxlan, gre, geneve
     * @param options as {@code key=value}, blanks between: {@code key=5001}, {@code in_key=flow out_key=...}
     */
    OvsUserspace tunnel(final String name, final String type, final String remote, final String options) {
        final StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "add-port br-int %s -- set interface %s type=%s options:remote_ip=\"%s\" options:local_ip=\"%s\"",
                name,
                name,
                type,
                remote,
                host.address(remote.indexOf(':') >= 0)));
        for (final String option : options.split(" ", -1)) {
            line.append(" options:").append(option);
        }
        vsctl(line.toString());
        return this;
    }

    Machine machine(final String label, final int number) {
        final Machine machine = Machine.of(host.lab(), label, number).wire(host, label, 1500);
        vsctl("add-port br-int %s", label);
        return machine;
    }

    /** Whether br-int learned the MAC on the port of this name. */
    boolean learned(final String mac, final String port) {
        final String number = vsctl("get interface %s ofport", port).strip();
        return appctl("fdb/show", "br-int")
                .lines()
                .anyMatch(line -> line.contains(mac) && line.strip().startsWith(number + " "));
    }

    String appctl(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of("ovs-appctl", "-t", folder + "/ctl"));
        command.addAll(List.of(arguments));
        return Sh.run(command);
    }

    @SuppressWarnings("AnnotateFormatMethod") // as in Namespace
    String vsctl(final String format, final Object... values) {
        final List<String> command =
                new ArrayList<>(List.of("ovs-vsctl", "--db=unix:" + folder + "/db.sock", "-t", "20"));
        command.addAll(List.of(String.format(Locale.ROOT, format, values).split(" ", -1)));
        return Sh.run(command);
    }
}
