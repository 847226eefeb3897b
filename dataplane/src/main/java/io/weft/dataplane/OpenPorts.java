package io.weft.dataplane;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.TapPort;
import io.weft.dataplane.port.VhostPort;
import io.weft.dataplane.underlay.KernelUnderlay;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.dataplane.underlay.Underlay;
import java.nio.file.Path;

/** Opens what a configuration names; tests, replay and demo have factories of their own. */
final class OpenPorts {
    private static final int FRAMES = 1024;
    private static final int DEFAULT_MTU = 1500;

    private OpenPorts() {}

    /** @param state folder where a port keeps what outlives the process; null: none */
    static Port open(final PortSpec spec, final int workers, final int mtu, final Path state) {
        return switch (spec.kind()) {
            case MEMORY -> new MemoryPort(workers, mtu, spec.mac(), FRAMES, true);
            case TAP -> TapPort.open(spec.device(), spec.queues() == 0 ? workers : spec.queues(), mtu, spec.mac());
            case VHOST_USER -> VhostPort.open(spec, workers, mtu, state);
            default ->
                throw new SwitchException("port " + spec.name() + ": a " + spec.kind() + " port cannot be opened here");
        };
    }

    /** @param state folder where a port keeps what outlives the process; null: none */
    static Underlay openUnderlay(final UnderlaySpec spec, final int workers, final Path state) {
        return switch (spec.device()) {
            case KERNEL -> new KernelUnderlay(spec, workers);
            case PORT -> openOwned(spec, workers, state);
            case MEMORY ->
                new LayerTwoUnderlay(
                        spec,
                        new MemoryPort(workers, spec.mtu(), spec.mac(), FRAMES, true),
                        workers,
                        Neighbors.derived(spec));
            case PCAP -> throw new SwitchException("underlay device " + spec.device() + " cannot be opened here");
        };
    }

    /** A port that the switch has to itself, and its own resolver. */
    private static Underlay openOwned(final UnderlaySpec spec, final int workers, final Path state) {
        final PortSpec device = spec.port();
        if (device.kind() == PortSpec.Kind.AF_XDP || device.kind() == PortSpec.Kind.AF_PACKET) {
            return OpenNics.open(spec, workers);
        }
        final int mtu = spec.mtu() == 0 ? DEFAULT_MTU : spec.mtu();
        // A TAP's own address is that of its other end, the kernel's.
        final long mac = spec.mac() == 0 ? Neighbors.derivedMac(spec.addresses().getFirst()) : spec.mac();
        final UnderlaySpec own = spec.with(mac, mtu);
        final Port port =
                switch (device.kind()) {
                    // What comes in is for this end alone, so complete: offloads would only have to be undone.
                    case TAP ->
                        TapPort.openPlain(device.device(), device.queues() == 0 ? workers : device.queues(), mtu, 0);
                    case VHOST_USER -> VhostPort.openUnderlay(device, mtu, state);
                    default ->
                        throw new SwitchException("underlay.device: " + device.kind() + " cannot be opened here");
                };
        return LayerTwoUnderlay.owned(own, port, workers);
    }
}
