package io.weft.control;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.control.config.Config.Underlay;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NicMode;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import java.util.Map;

/** The configuration in the switch's own terms. */
public final class Specs {
    private static final int DEFAULT_PREFIX_6 = 64;

    private Specs() {}

    public static TenantSpec tenant(final String name, final Tenant tenant) {
        return new TenantSpec(name, tenant.flowCache());
    }

    /** @param key {@code tenant/name} */
    public static NetworkSpec network(final String key, final Network network) {
        final int slash = key.indexOf('/');
        return new NetworkSpec(
                key.substring(0, slash),
                key.substring(slash + 1),
                network.vni(),
                network.encap(),
                network.port(),
                network.flowId(),
                network.keepInnerVlan(),
                network.udpChecksum(),
                network.macLimit(),
                network.macAgeMs(),
                network.group(),
                network.mssClamp());
    }

    /** Whoever puts captures or memory in a port's place makes the specification with a kind of its own. */
    public static PortSpec port(final String name, final Port port) {
        return switch (port.device().kind()) {
            case TAP -> port(name, port, PortSpec.Kind.TAP, port.device().name());
            case VHOST_USER -> guest(name, port);
            default ->
                throw new SwitchException("port " + name + ": "
                        + port.device().kind().key() + " is not in this version; use tap: NAME or vhost-user: PATH");
        };
    }

    private static PortSpec guest(final String name, final Port port) {
        final Device device = port.device();
        return new PortSpec(
                name,
                PortSpec.Kind.VHOST_USER,
                device.name(),
                port.network(),
                port.trunk(),
                Math.max(1, port.queues()),
                port.mtu(),
                port.mac(),
                socket(device));
    }

    private static VhostSpec socket(final Device device) {
        final Device.Socket socket = device.socket();
        return new VhostSpec(
                device.name(),
                device.mode() == Device.Mode.SERVER ? VhostSpec.Mode.SERVER : VhostSpec.Mode.CLIENT,
                socket == null ? null : socket.owner(),
                socket == null ? null : socket.group(),
                socket == null ? VhostSpec.DEFAULT_FILE_MODE : socket.mode());
    }

    public static PortSpec port(final String name, final Port port, final PortSpec.Kind kind, final String device) {
        return new PortSpec(name, kind, device, port.network(), port.trunk(), port.queues(), port.mtu(), port.mac());
    }

    /** The underlay with its device as the file names it. */
    public static UnderlaySpec underlay(final Underlay underlay) {
        return underlay.device().kind() == Device.Kind.KERNEL
                ? underlay(underlay, UnderlaySpec.Device.KERNEL)
                : underlay(underlay, UnderlaySpec.Device.PORT, device(underlay));
    }

    private static PortSpec device(final Underlay underlay) {
        final Device device = underlay.device();
        final PortSpec.Kind kind =
                switch (device.kind()) {
                    case TAP -> PortSpec.Kind.TAP;
                    case VHOST_USER -> PortSpec.Kind.VHOST_USER;
                    case AF_XDP -> PortSpec.Kind.AF_XDP;
                    case AF_PACKET -> PortSpec.Kind.AF_PACKET;
                    case KERNEL -> throw new IllegalArgumentException("the kernel's sockets are no port");
                };
        return new PortSpec(
                "underlay",
                kind,
                device.name(),
                null,
                Map.of(),
                underlay.queues(),
                underlay.mtu(),
                0,
                kind == PortSpec.Kind.VHOST_USER ? socket(device) : null,
                nicMode(device));
    }

    private static NicMode nicMode(final Device device) {
        return device.kind() != Device.Kind.AF_XDP || device.mode() == null
                ? NicMode.AUTO
                : NicMode.valueOf(device.mode().name());
    }

    /** @param device what carries the tunnels in place of what the file names: memory or captures */
    public static UnderlaySpec underlay(final Underlay underlay, final UnderlaySpec.Device device) {
        return underlay(underlay, device, null);
    }

    private static UnderlaySpec underlay(
            final Underlay underlay, final UnderlaySpec.Device device, final PortSpec port) {
        final boolean four = underlay.has(false);
        return new UnderlaySpec(
                underlay.addresses(),
                underlay.acceptAny(),
                device,
                underlay.mac(),
                underlay.gateway(),
                four ? underlay.prefix() : 0,
                underlay.neighbors(),
                underlay.mtu(),
                four || underlay.prefix() == 0 ? prefix6(underlay, port) : underlay.prefix(),
                underlay.vlan(),
                port);
    }

    private static int prefix6(final Underlay underlay, final PortSpec port) {
        return underlay.prefix6() != 0 || port == null ? underlay.prefix6() : DEFAULT_PREFIX_6;
    }
}
