package io.weft.dataplane;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.bpf.XdpFilter;
import io.weft.dataplane.port.NicPort;
import io.weft.dataplane.port.PacketPort;
import io.weft.dataplane.port.XdpPort;
import io.weft.dataplane.sys.NetDevices;
import io.weft.dataplane.sys.Sockets;
import io.weft.dataplane.underlay.KernelResolver;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.dataplane.underlay.Underlay;

/**
 * Opens a NIC as underlay. One that has an address of the underlay's is the kernel's too: it is shared, and the kernel
 * knows the way. Any other is the switch's alone, which is a host of its own there.
 */
final class OpenNics {
    private OpenNics() {}

    static Underlay open(final UnderlaySpec spec, final int workers) {
        final boolean shared = isShared(spec);
        if (shared && spec.mac() != 0) {
            throw new SwitchException("underlay.mac: " + spec.port().device()
                    + " has an address of the underlay's, so the kernel uses it too, with its own MAC: remove mac");
        }
        if (!shared) {
            checkAlone(spec.port().device());
        }
        final NicPort port = port(spec, workers, shared);
        try {
            return underlay(spec, port, workers);
        } catch (final RuntimeException e) {
            port.close();
            throw e;
        }
    }

    private static boolean isShared(final UnderlaySpec spec) {
        return spec.addresses().stream()
                .anyMatch(address -> NetDevices.nameOf(
                                address.isIpv4() ? Sockets.AF_INET : Sockets.AF_INET6, address.hi(), address.lo())
                        .equals(spec.port().device()));
    }

    /** A NIC that is not shared is the switch's alone: it must not be the kernel's way to anybody, SSH for one. */
    private static void checkAlone(final String device) {
        for (final NetDevices.Held held : NetDevices.addresses()) {
            if (held.device().equals(device) || held.device().startsWith(device + ".")) {
                throw new SwitchException("underlay.device: the kernel uses " + device + " too, with " + held.address()
                        + " on " + held.device() + ", and would lose it: to share it, put one of underlay.address on "
                        + device + "; to give it to the switch alone, remove that address");
            }
        }
    }

    private static NicPort port(final UnderlaySpec spec, final int workers, final boolean shared) {
        final PortSpec device = spec.port();
        if (shared && spec.vlan() != 0) {
            throw new SwitchException("underlay.vlan: " + device.device()
                    + " is shared with the kernel, which does not tag there: name the kernel's VLAN device instead, or"
                    + " remove the address from " + device.device());
        }
        // Without one of its own the switch has the NIC's MAC.
        final boolean promiscuous = !shared && spec.mac() != 0;
        final int vlan = spec.vlan() == 0 ? XdpFilter.VLAN_NONE : spec.vlan();
        return device.kind() == PortSpec.Kind.AF_XDP
                ? XdpPort.open(device.device(), device.nicMode(), shared, vlan, promiscuous)
                : PacketPort.open(
                        device.device(), device.queues() == 0 ? workers : device.queues(), shared, vlan, promiscuous);
    }

    private static Underlay underlay(final UnderlaySpec spec, final NicPort port, final int workers) {
        if (spec.mtu() > port.mtu()) {
            throw new SwitchException("underlay.mtu: " + spec.mtu() + " is more than the " + port.mtu() + " of "
                    + spec.port().device() + ": `ip link set " + spec.port().device() + " mtu " + spec.mtu() + "`");
        }
        // The kernel may change the MAC of a NIC that it uses too: then it is asked for when it is needed.
        final long mac = port.isShared() ? 0 : spec.mac() == 0 ? port.mac() : spec.mac();
        final UnderlaySpec own = spec.with(mac, spec.mtu() == 0 ? port.mtu() : spec.mtu());
        if (!port.isShared()) {
            return LayerTwoUnderlay.owned(own, port, workers);
        }
        final KernelResolver resolver = new KernelResolver(own, spec.port().device());
        try {
            return new LayerTwoUnderlay(own, port, workers, Neighbors.fixed(own), resolver);
        } catch (final RuntimeException e) {
            resolver.close();
            throw e;
        }
    }
}
