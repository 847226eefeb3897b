package io.weft.dataplane.model;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** What the model keeps and what it answers, in records and collections of the JDK. */
final class Model {
    private Model() {}

    /** A place: {@code port NAME} or {@code end HEX-ADDRESS}. */
    static String port(final String name) {
        return "port " + name;
    }

    static String end(final String address) {
        return "end " + address;
    }

    static boolean isEnd(final String place) {
        return place.startsWith("end ");
    }

    static String name(final String place) {
        return place.substring(place.indexOf(' ') + 1);
    }

    /** @param vlan -1 for none */
    record Address(int vlan, long mac) {
        @Override
        public String toString() {
            return Long.toHexString(mac) + (vlan < 0 ? "" : " vlan " + vlan);
        }
    }

    static final class Station {
        String place;
        boolean fixed;
        long seen;
    }

    static final class Net {
        NetworkSpec spec;
        /** Hexadecimal, in the order in which BUM frames are sent to them. */
        final Set<String> peers = new LinkedHashSet<>();

        final Map<Address, Station> stations = new HashMap<>();
        /** Addresses that found the network full, and when: the flow cache holds what was decided without them. */
        final Map<Address, Long> refused = new HashMap<>();
        /** Until then such an address may be learned late, although there is room now. */
        long lateUntil = Long.MIN_VALUE;

        /** Every decision on the network's frames is made anew. */
        void forgetDecisions() {
            refused.clear();
            lateUntil = Long.MIN_VALUE;
        }
    }

    static final class Port {
        PortSpec spec;
        /** Bits of {@link io.weft.dataplane.port.PortSender#offloads}. */
        int offloads;
        /** Bytes of a received frame that lie in one piece; 0: all. */
        int split;
    }

    /** A packet on the wire; what follows from the flow's hash is 0 in it. {@code flow} null: of no clear flow. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    record Packet(byte[] bytes, NetworkSpec network, String flow) {}

    record Drop(DropReason reason, String port, String network) {}

    /** What becomes of frames: in order for each port and for the wire. */
    static final class Answer {
        final Map<String, List<Frame>> ports = new LinkedHashMap<>();
        final List<Packet> wire = new ArrayList<>();
        final List<Drop> drops = new ArrayList<>();

        private final List<Runnable> last = new ArrayList<>();

        /** What the switch itself sends when the burst has left. */
        void afterwards(final String port, final Supplier<Frame> frame) {
            last.add(() -> send(port, frame.get()));
        }

        /** The burst has left. */
        void end() {
            last.forEach(Runnable::run);
            last.clear();
        }

        void send(final String port, final Frame frame) {
            ports.computeIfAbsent(port, name -> new ArrayList<>()).add(frame);
        }
    }
}
