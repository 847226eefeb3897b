package io.weft.bench;

import io.weft.dataplane.Burst;
import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.NicMode;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.bpf.XdpFilter;
import io.weft.dataplane.port.NicPort;
import io.weft.dataplane.port.PacketPort;
import io.weft.dataplane.port.XdpPort;
import io.weft.dataplane.sys.Affinity;
import io.weft.dataplane.sys.Bpf;
import io.weft.dataplane.sys.NetDevices;
import io.weft.encap.Checksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * One end of a veth pair: a switch whose underlay is one or another way to it, or what loads and empties the other end.
 * {@code bench/uplinks.sh} puts them together.
 *
 * <pre>
 *   switch af-xdp|af-packet|kernel in|out BYTES SECONDS CPU     prints millions of frames a second
 *   send af-xdp|af-packet BYTES CPU MAC                         VXLAN packets to the switch, until it is ended
 *   drop                                                        what comes is thrown away before the stack
 * </pre>
 */
final class Uplinks {
    private static final String HERE = "10.77.0.1";
    private static final String PEER = "10.77.0.2";
    private static final String DEVICE = "eth0";
    private static final int OUTER = 14 + 20 + 8 + 8;
    private static final int FLOWS = 32;
    private static final int VNI = 1;

    private Uplinks() {}

    /** See the class. */
    public static void main(final String[] words) throws Exception {
        switch (words[0]) {
            case "switch" ->
                measure(
                        words[1],
                        "out".equals(words[2]),
                        Integer.parseInt(words[3]),
                        Double.parseDouble(words[4]),
                        Integer.parseInt(words[5]));
            case "send" -> send(words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]), mac(words[4]));
            case "drop" -> drop();
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static void measure(
            final String kind, final boolean out, final int bytes, final double seconds, final int cpu) {
        final SizedPort port = new SizedPort(bytes, out);
        try (Switch weft = Switch.launch(new SwitchContext()
                .cpus(List.of(cpu))
                .adaptive(false)
                .macCapacity(1 << 12)
                .maxNetworks(64)
                .maxTunnels(64)
                .underlay(underlay(kind))
                .portFactory((spec, workers, mtu) -> port))) {
            final SwitchControl control = weft.control();
            control.putTenant(new TenantSpec("t", 1024)).join();
            control.putNetwork(new NetworkSpec(
                            "t",
                            "n",
                            VNI,
                            Encapsulation.VXLAN,
                            4789,
                            true,
                            false,
                            UdpChecksum.AUTO,
                            1000,
                            300_000,
                            null))
                    .join();
            control.addPeer("t/n", IpAddress.parse(PEER)).join();
            control.putPort(new PortSpec("m", PortSpec.Kind.MEMORY, "m", "t/n", Map.of(), 1, 0, 0))
                    .join();
            pause(seconds);
            final long before = frames(control, port, out);
            final long began = System.nanoTime();
            pause(seconds);
            final double rate = (frames(control, port, out) - before) * 1e3 / (System.nanoTime() - began);
            System.out.printf("%.3f%n", rate);
            System.err.println(kind + " " + control.drops().join());
        }
    }

    private static UnderlaySpec underlay(final String kind) {
        final PortSpec nic =
                switch (kind) {
                    case "af-xdp" -> PortSpec.nic(PortSpec.Kind.AF_XDP, DEVICE, NicMode.AUTO, 0);
                    case "af-packet" -> PortSpec.nic(PortSpec.Kind.AF_PACKET, DEVICE, NicMode.AUTO, 0);
                    default -> null;
                };
        return new UnderlaySpec(
                List.of(IpAddress.parse(HERE)),
                false,
                nic == null ? UnderlaySpec.Device.KERNEL : UnderlaySpec.Device.PORT,
                0,
                List.of(),
                0,
                Map.of(),
                0,
                nic);
    }

    /** Outwards only what the underlay took counts. */
    private static long frames(final SwitchControl control, final SizedPort port, final boolean out) {
        return out ? control.status().join().underlay().txFrames() : port.taken();
    }

    private static void pause(final double seconds) {
        final long end = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void send(final String kind, final int bytes, final int cpu, final long mac) throws Exception {
        Affinity.pin(cpu);
        final NicPort port = "af-xdp".equals(kind)
                ? XdpPort.open(DEVICE, NicMode.AUTO, true, XdpFilter.VLAN_NONE, false)
                : PacketPort.open(DEVICE, 1, true, XdpFilter.VLAN_NONE, false);
        final Burst burst = new Burst();
        final TxQueue tx = new TxQueue();
        for (int i = 0; i < FLOWS; i++) {
            burst.add(packet(bytes, i, mac, port.mac()), OUTER + bytes);
            tx.add(i, -1, false);
        }
        while (true) {
            port.queue(0).txBurst(burst, tx);
        }
    }

    private static long packet(final int bytes, final int flow, final long to, final long from) {
        final long packet = Mem.allocate(OUTER + bytes, 64);
        ethernet(packet, to, from);
        ipv4(packet + 14, OUTER - 14 + bytes, 0x0a4d_0002, 0x0a4d_0001);
        udp(packet + 34, 50_000 + flow, 4789, 16 + bytes);
        Mem.putInt(packet + 42, 0x0800_0000);
        Mem.putInt(packet + 46, VNI << 8);
        SizedPort.frame(packet + OUTER, bytes, flow, SizedPort.OWN, SizedPort.FAR);
        return packet;
    }

    static void ethernet(final long at, final long to, final long from) {
        Mem.putInt(at, (int) (to >>> 16));
        Mem.putShort(at + 4, (int) to);
        Mem.putShort(at + 6, (int) (from >>> 32));
        Mem.putInt(at + 8, (int) from);
        Mem.putShort(at + 12, 0x0800);
    }

    static void ipv4(final long at, final int length, final int from, final int to) {
        Mem.putInt(at, 0x4500_0000 | length);
        Mem.putInt(at + 4, 0x4000);
        Mem.putInt(at + 8, 0x4011_0000);
        Mem.putInt(at + 12, from);
        Mem.putInt(at + 16, to);
        Mem.putShort(at + 10, Checksum.ipv4Header(at, 20));
    }

    static void udp(final long at, final int from, final int to, final int length) {
        Mem.putShort(at, from);
        Mem.putShort(at + 2, to);
        Mem.putShort(at + 4, length);
    }

    private static void drop() throws Exception {
        try (XdpFilter filter = XdpFilter.all(1, false)) {
            final int result = filter.attach(NetDevices.index(DEVICE), Bpf.XDP_FLAGS_DRV_MODE);
            if (result < 0) {
                throw new IllegalStateException("no XDP program can be attached: " + result);
            }
            pause(3600);
        }
    }

    private static long mac(final String text) {
        return Long.parseLong(text.replace(":", ""), 16);
    }
}
