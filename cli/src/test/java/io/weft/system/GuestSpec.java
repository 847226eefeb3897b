package io.weft.system;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a guest is to be.
 *
 * @param number gives MAC 02:00:00:00:00:NN and addresses 192.168.7.N and fd07::N, as a {@link Machine}'s
 * @param socket of its NIC
 * @param listens whether QEMU serves the socket and the switch connects (mode: client), or the other way round
 * @param queues queue pairs, and as many CPUs
 * @param hostMtu what the device tells the driver, 0 for nothing (and an MTU of 1,500)
 * @param offloads whether checksum and segmentation offloads are offered to the guest
 * @param vlan VID of a VLAN sub-interface with the address 192.168.8.N, or 0
 */
record GuestSpec(
        String name,
        int number,
        Path socket,
        boolean listens,
        int queues,
        boolean packed,
        int hostMtu,
        boolean offloads,
        boolean mergeable,
        int vlan) {
    private static final String NO_OFFLOADS = ",csum=off,guest_csum=off,gso=off,host_tso4=off,host_tso6=off"
            + ",host_ecn=off,host_ufo=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off";

    /** A guest whose QEMU listens, with one split queue pair and all offloads. */
    static GuestSpec of(final Lab lab, final String name, final int number) {
        return new GuestSpec(name, number, lab.directory().resolve(name + ".sock"), true, 1, false, 0, true, true, 0);
    }

    GuestSpec switchListens() {
        return new GuestSpec(name, number, socket, false, queues, packed, hostMtu, offloads, mergeable, vlan);
    }

    GuestSpec queues(final int count) {
        return new GuestSpec(name, number, socket, listens, count, packed, hostMtu, offloads, mergeable, vlan);
    }

    GuestSpec packed(final boolean on) {
        return new GuestSpec(name, number, socket, listens, queues, on, hostMtu, offloads, mergeable, vlan);
    }

    GuestSpec hostMtu(final int bytes) {
        return new GuestSpec(name, number, socket, listens, queues, packed, bytes, offloads, mergeable, vlan);
    }

    GuestSpec offloads(final boolean on) {
        return new GuestSpec(name, number, socket, listens, queues, packed, hostMtu, on, mergeable, vlan);
    }

    GuestSpec mergeable(final boolean on) {
        return new GuestSpec(name, number, socket, listens, queues, packed, hostMtu, offloads, on, vlan);
    }

    GuestSpec vlan(final int vid) {
        return new GuestSpec(name, number, socket, listens, queues, packed, hostMtu, offloads, mergeable, vid);
    }

    String mac() {
        return String.format(Locale.ROOT, "02:00:00:00:00:%02x", number);
    }

    String ip4() {
        return "192.168.7." + number;
    }

    String ip6() {
        return "fd07::" + Integer.toHexString(number);
    }

    /** Its address on the VLAN sub-interface. */
    String vlanIp4() {
        return "192.168.8." + number;
    }

    /** Its port, as a line of the switch's configuration. */
    String port(final String placement) {
        return String.format(
                Locale.ROOT,
                "%s: {%s, vhost-user: %s, mode: %s, queues: %d%s}",
                name,
                placement,
                socket,
                listens ? "client" : "server",
                queues,
                hostMtu > 0 ? ", mtu: " + hostMtu : "");
    }

    /**
     * Properties of the NIC. Without MSI-X (vectors=0), for QEMU 7.2 crashes in software emulation when vhost starts with
     * it.
     */
    String device() {
        return "virtio-net-pci,id=nic,netdev=net0,mac=" + mac() + ",romfile=,vectors=0"
                + (queues > 1 ? ",mq=on" : "")
                + (packed ? ",packed=on" : "")
                + (mergeable ? "" : ",mrg_rxbuf=off")
                + (hostMtu > 0 ? ",host_mtu=" + hostMtu : "")
                + (offloads ? "" : NO_OFFLOADS);
    }

    /** The program and its arguments; the CPU stands still until QMP says "cont". */
    List<String> qemu(final Path image, final Path qmp, final Path serial, final Path console) {
        final String chardev = "socket,id=chr0,path=" + socket + (listens ? ",server=on,wait=off" : ",reconnect=1");
        final List<String> command = new ArrayList<>(List.of(
                "qemu-system-x86_64",
                "-nodefaults",
                "-display",
                "none",
                "-accel",
                "tcg",
                "-S",
                "-smp",
                String.valueOf(queues),
                "-m",
                "192",
                "-object",
                "memory-backend-memfd,id=mem,size=192M,share=on",
                "-numa",
                "node,memdev=mem"));
        command.addAll(List.of("-kernel", image.resolve("vmlinuz").toString()));
        command.addAll(List.of("-initrd", image.resolve("initrd").toString()));
        command.addAll(List.of("-append", kernelCommandLine()));
        command.addAll(List.of("-chardev", chardev));
        command.addAll(List.of("-netdev", "vhost-user,id=net0,chardev=chr0,queues=" + queues));
        command.addAll(List.of("-device", device()));
        command.addAll(List.of("-serial", "file:" + console));
        command.addAll(List.of("-serial", "unix:" + serial + ",server=on,wait=off"));
        command.addAll(List.of("-qmp", "unix:" + qmp + ",server=on,wait=off"));
        return command;
    }

    /** Without the TSC (tsc=unstable), for on a busy machine a guest gets its frequency wrong and time runs away. */
    private String kernelCommandLine() {
        return "console=ttyS0 quiet panic=-1 mitigations=off tsc=unstable no_timer_check nokaslr weft.name=" + name
                + " weft.net=" + ip4() + "/24," + ip6() + "/64"
                + (vlan == 0 ? "" : " weft.vlan=" + vlan + "=" + vlanIp4() + "/24");
    }
}
