package io.weft.dataplane.model;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.model.Model.Address;
import io.weft.dataplane.model.Model.Net;
import io.weft.dataplane.model.Model.Port;
import io.weft.dataplane.model.Model.Station;
import io.weft.encap.IpAddress;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** One change, for the model and for the real switch. */
sealed interface Change {
    /** Whether the switch would make it; what cannot be made is left out. */
    boolean isPossible(ModelSwitch model);

    void model(ModelSwitch model);

    CompletableFuture<Void> real(SwitchControl control);

    /** Decisions about a tenant's frames are made anew. */
    static void forgetDecisions(final ModelSwitch model, final String tenant) {
        for (final Net net : model.networks.values()) {
            if (net.spec.tenant().equals(tenant)) {
                net.forgetDecisions();
            }
        }
    }

    private static Net net(final ModelSwitch model, final String key) {
        return model.networks.get(key);
    }

    private static String hex(final String endpoint) {
        return Wire.hex(IpAddress.parse(endpoint).bytes());
    }

    record PutNetwork(NetworkSpec spec) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            final Net known = net(model, spec.key());
            for (final Net net : model.networks.values()) {
                final NetworkSpec other = net.spec;
                if (net != known && other.encap() == spec.encap() && other.port() == spec.port()) {
                    if (other.vni() == spec.vni()
                            || (other.udpChecksum() == UdpChecksum.OFF) != (spec.udpChecksum() == UdpChecksum.OFF)) {
                        return false;
                    }
                }
            }
            return known == null || (known.spec.encap() == spec.encap() && known.spec.port() == spec.port());
        }

        @Override
        public void model(final ModelSwitch model) {
            final Net net = model.networks.computeIfAbsent(spec.key(), key -> new Net());
            if (net.spec != null && !Objects.equals(net.spec.group(), spec.group()) && net.spec.group() != null) {
                ModelSwitch.forget(net, Model.end(Wire.hex(net.spec.group().bytes())));
            }
            net.spec = spec;
            forgetDecisions(model, spec.tenant());
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.putNetwork(spec);
        }
    }

    record RemoveNetwork(String key) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            final Net net = net(model, key);
            return net != null && model.ports.values().stream().noneMatch(port -> ModelSwitch.isIn(port, net));
        }

        @Override
        public void model(final ModelSwitch model) {
            model.networks.remove(key);
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.removeNetwork(key);
        }
    }

    record PutPort(PortSpec spec) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            final boolean there = spec.isTrunk()
                    ? model.networks.keySet().containsAll(spec.trunk().values())
                    : model.networks.containsKey(spec.network());
            return there && (!model.ports.containsKey(spec.name()) || Universe.isGuest(spec.name()));
        }

        @Override
        public void model(final ModelSwitch model) {
            final Port known = model.ports.get(spec.name());
            if (known != null && known.spec.equals(spec)) {
                return;
            }
            if (known != null) {
                leave(model, known);
            }
            final Port port = known == null ? new Port() : known;
            port.spec = spec;
            port.offloads = Universe.offloads(spec.name());
            port.split = Universe.split(spec.name());
            model.ports.put(spec.name(), port);
            for (final Net net : model.networks.values()) {
                if (known != null && ModelSwitch.isIn(port, net)) {
                    forgetDecisions(model, net.spec.tenant());
                }
            }
        }

        static void leave(final ModelSwitch model, final Port port) {
            for (final Net net : model.networks.values()) {
                if (ModelSwitch.isIn(port, net)) {
                    ModelSwitch.forget(net, Model.port(port.spec.name()));
                    forgetDecisions(model, net.spec.tenant());
                }
            }
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.putPort(spec);
        }
    }

    record RemovePort(String name) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            return model.ports.containsKey(name);
        }

        @Override
        public void model(final ModelSwitch model) {
            PutPort.leave(model, model.ports.remove(name));
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.removePort(name);
        }
    }

    record AddPeer(String key, String endpoint) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            return net(model, key) != null;
        }

        @Override
        public void model(final ModelSwitch model) {
            net(model, key).peers.add(hex(endpoint));
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.addPeer(key, IpAddress.parse(endpoint));
        }
    }

    record RemovePeer(String key, String endpoint) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            return net(model, key) != null && net(model, key).peers.contains(hex(endpoint));
        }

        @Override
        public void model(final ModelSwitch model) {
            final Net net = net(model, key);
            net.peers.remove(hex(endpoint));
            ModelSwitch.forget(net, Model.end(hex(endpoint)));
            forgetDecisions(model, net.spec.tenant());
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.removePeer(key, IpAddress.parse(endpoint));
        }
    }

    /** @param location a port's name or a peer's address */
    record AddMac(String key, Address address, String location) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            final Net net = net(model, key);
            if (net == null) {
                return false;
            }
            final Port port = model.ports.get(location);
            return location.startsWith("p")
                    ? port != null && ModelSwitch.isIn(port, net)
                    : net.peers.contains(hex(location));
        }

        @Override
        public void model(final ModelSwitch model) {
            final Net net = net(model, key);
            final Station station = net.stations.computeIfAbsent(address, a -> new Station());
            station.fixed = true;
            station.place = location.startsWith("p") ? Model.port(location) : Model.end(hex(location));
            forgetDecisions(model, net.spec.tenant());
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.addMac(key, address.vlan(), address.mac(), location);
        }
    }

    record RemoveMac(String key, Address address) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            return net(model, key) != null && net(model, key).stations.containsKey(address);
        }

        @Override
        public void model(final ModelSwitch model) {
            final Net net = net(model, key);
            net.stations.remove(address);
            forgetDecisions(model, net.spec.tenant());
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.removeMac(key, address.vlan(), address.mac());
        }
    }

    record FlushMacs(String key) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            return net(model, key) != null;
        }

        @Override
        public void model(final ModelSwitch model) {
            final Net net = net(model, key);
            net.stations.values().removeIf(station -> !station.fixed);
            forgetDecisions(model, net.spec.tenant());
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.flushMacs(key);
        }
    }

    record FlushFlows(String tenant) implements Change {
        @Override
        public boolean isPossible(final ModelSwitch model) {
            return true;
        }

        @Override
        public void model(final ModelSwitch model) {
            forgetDecisions(model, tenant);
        }

        @Override
        public CompletableFuture<Void> real(final SwitchControl control) {
            return control.flushFlows(tenant);
        }
    }
}
