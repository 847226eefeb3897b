package io.weft.control;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.control.config.Config.Underlay;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;

/** The configuration in the switch's own terms. */
public final class Specs {
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
                network.group());
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
        final Device.Socket socket = device.socket();
        return new PortSpec(
                name,
                PortSpec.Kind.VHOST_USER,
                device.name(),
                port.network(),
                port.trunk(),
                Math.max(1, port.queues()),
                port.mtu(),
                port.mac(),
                new VhostSpec(
                        device.name(),
                        device.mode() == Device.Mode.SERVER ? VhostSpec.Mode.SERVER : VhostSpec.Mode.CLIENT,
                        socket == null ? null : socket.owner(),
                        socket == null ? null : socket.group(),
                        socket == null ? VhostSpec.DEFAULT_FILE_MODE : socket.mode()));
    }

    public static PortSpec port(final String name, final Port port, final PortSpec.Kind kind, final String device) {
        return new PortSpec(name, kind, device, port.network(), port.trunk(), port.queues(), port.mtu(), port.mac());
    }

    /** @param device what carries the tunnels, which files name for this version's kernel underlay only */
    public static UnderlaySpec underlay(final Underlay underlay, final UnderlaySpec.Device device) {
        return new UnderlaySpec(
                underlay.addresses(),
                underlay.acceptAny(),
                device,
                underlay.mac(),
                underlay.gateway(),
                underlay.prefix(),
                underlay.neighbors(),
                underlay.mtu());
    }
}
