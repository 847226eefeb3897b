package io.weft.control.config;

import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.encap.IpAddress;

/**
 * One step from one configuration to another. Networks come without peers and fixed addresses, which have steps of
 * their own, and take them along when they go.
 */
public sealed interface Change {
    /** One line: {@code + port h1 (tap h1 on acme/web)}. */
    String describe();

    record AddTenant(String name, Tenant tenant) implements Change {
        @Override
        public String describe() {
            return "+ tenant " + name;
        }
    }

    record PutTenant(String name, Tenant from, Tenant to) implements Change {
        @Override
        public String describe() {
            return "~ tenant " + name + ": flow-cache " + from.flowCache() + " -> " + to.flowCache();
        }
    }

    record RemoveTenant(String name) implements Change {
        @Override
        public String describe() {
            return "- tenant " + name;
        }
    }

    record AddNetwork(String key, Network network) implements Change {
        @Override
        public String describe() {
            return "+ network " + key + Changes.what(network);
        }
    }

    record PutNetwork(String key, Network from, Network to) implements Change {
        @Override
        public String describe() {
            return "~ network " + key + ": " + Changes.difference(from, to);
        }
    }

    record RemoveNetwork(String key, Network network) implements Change {
        @Override
        public String describe() {
            return "- network " + key + Changes.what(network);
        }
    }

    record AddPeer(String network, IpAddress endpoint) implements Change {
        @Override
        public String describe() {
            return "+ peer " + endpoint + " of " + network;
        }
    }

    record RemovePeer(String network, IpAddress endpoint) implements Change {
        @Override
        public String describe() {
            return "- peer " + endpoint + " of " + network;
        }
    }

    record AddPort(String name, Port port) implements Change {
        @Override
        public String describe() {
            return "+ port " + name + Changes.what(port);
        }
    }

    /** A guest's port that keeps its socket, so that the guest's link stays up. */
    record PutPort(String name, Port from, Port to) implements Change {
        @Override
        public String describe() {
            return "~ port " + name + ": " + Changes.difference(from, to);
        }
    }

    record RemovePort(String name, Port port) implements Change {
        @Override
        public String describe() {
            return "- port " + name + Changes.what(port);
        }
    }

    record AddMac(String network, FixedMac mac, String location) implements Change {
        @Override
        public String describe() {
            return "+ mac " + mac + " of " + network + " at " + location;
        }
    }

    record RemoveMac(String network, FixedMac mac, String location) implements Change {
        @Override
        public String describe() {
            return "- mac " + mac + " of " + network + " at " + location;
        }
    }
}
