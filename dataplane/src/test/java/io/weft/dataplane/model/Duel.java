package io.weft.dataplane.model;

import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.model.Model.Address;
import io.weft.dataplane.model.Model.Answer;
import io.weft.dataplane.model.Model.Drop;
import io.weft.dataplane.model.Model.Net;
import io.weft.dataplane.model.Model.Packet;
import io.weft.dataplane.model.Model.Station;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Gives the model and the real switch the same steps and compares everything that comes of them. */
final class Duel implements AutoCloseable {
    final ModelSwitch model;
    private final Rig rig;
    private final Flows flows = new Flows();
    private Map<String, Long> drops = new HashMap<>();
    /** Drops that both counted, by reason: what the frames were that chance made. */
    final Map<String, Long> reasons = new TreeMap<>();

    Duel(final int workers, final boolean acceptAny) {
        model = new ModelSwitch(acceptAny);
        rig = new Rig(workers, acceptAny);
    }

    /** The two switches did not do the same. */
    static final class Difference extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Difference(final String message) {
            super(message);
        }
    }

    /** Plays a step; false where it makes no sense now and is left out. */
    boolean play(final Step step) {
        return switch (step) {
            case Step.Frames frames -> frames(frames);
            case Step.Time time -> time(time.millis());
            case Step.Changed changed -> change(changed.change());
        };
    }

    private boolean frames(final Step.Frames step) {
        final boolean wire = step.source().equals(Universe.WIRE);
        if (!wire && !model.ports.containsKey(step.source())) {
            return false;
        }
        final Answer answer = new Answer();
        for (final Frame frame : step.frames()) {
            if (wire) {
                model.fromWire(frame.bytes(), answer);
            } else {
                model.fromPort(step.source(), frame, answer);
            }
            rig.inject(step.source(), step.queue(), frame);
        }
        answer.end();
        rig.pump();
        compare(answer);
        settleLate();
        return true;
    }

    private void compare(final Answer answer) {
        for (final String port : rig.portNames()) {
            comparePort(port, answer.ports.getOrDefault(port, List.of()), rig.sent(port));
        }
        compareWire(answer.wire, rig.sentWire());
        final Map<String, Long> expected = new TreeMap<>();
        for (final Drop drop : answer.drops) {
            reasons.merge(drop.reason().key(), 1L, Long::sum);
            expected.merge(drop.reason().key() + " " + drop.port() + " " + drop.network(), 1L, Long::sum);
        }
        final Map<String, Long> after = rig.drops();
        final Map<String, Long> counted = new TreeMap<>();
        after.forEach((key, count) -> {
            final long more = count - drops.getOrDefault(key, 0L);
            if (more != 0) {
                counted.put(key, more);
            }
        });
        drops = after;
        if (!expected.equals(counted)) {
            throw new Difference("drops\n  model  " + expected + "\n  switch " + counted);
        }
    }

    private static void comparePort(final String port, final List<Frame> expected, final List<Frame> sent) {
        for (int i = 0; i < Math.max(expected.size(), sent.size()); i++) {
            final Frame wanted = i < expected.size() ? expected.get(i) : null;
            final Frame came = i < sent.size() ? sent.get(i) : null;
            if (wanted == null || came == null || !wanted.matches(came)) {
                throw new Difference("frame " + i + " out of port " + port + " (of " + expected.size() + " and "
                        + sent.size() + ")\n  model  " + wanted + "\n  switch " + came);
            }
        }
    }

    private void compareWire(final List<Packet> expected, final List<Frame> sent) {
        for (int i = 0; i < Math.max(expected.size(), sent.size()); i++) {
            final Packet wanted = i < expected.size() ? expected.get(i) : null;
            final Frame came = i < sent.size() ? sent.get(i) : null;
            final String difference = wanted == null || came == null
                    ? "one is missing"
                    : !came.isPlain() ? "offload words on the wire" : Wire.difference(wanted, came.bytes(), flows);
            if (difference != null) {
                throw new Difference("packet " + i + " on the wire (of " + expected.size() + " and " + sent.size()
                        + "): " + difference + "\n  model  "
                        + (wanted == null ? null : HexFormat.of().formatHex(wanted.bytes())) + "\n  switch " + came);
            }
        }
    }

    /** What the model cannot know, it takes from the switch's table. */
    private void settleLate() {
        for (final Map.Entry<Net, Set<Address>> entry : model.late.entrySet()) {
            final Net net = entry.getKey();
            final Map<Address, Rows.MacRow> rows = rows(net.spec.key());
            for (final Address address : entry.getValue()) {
                final Rows.MacRow row = rows.get(address);
                if (row == null) {
                    net.stations.remove(address);
                } else if (net.stations.containsKey(address)) {
                    net.stations.get(address).place = place(row.location());
                }
            }
        }
        model.late.clear();
    }

    private boolean time(final long millis) {
        rig.advance(millis);
        model.now += millis;
        for (final Net net : model.networks.values()) {
            age(net, rows(net.spec.key()));
        }
        checkTables();
        return true;
    }

    /** Late by a quarter of the age at most: so long a decision is remembered, and nothing is learned from its frames. */
    private void age(final Net net, final Map<Address, Rows.MacRow> rows) {
        final long age = net.spec.macAgeMs();
        final int before = net.stations.size();
        net.stations.entrySet().removeIf(entry -> {
            final Station station = entry.getValue();
            final long idle = model.now - station.seen;
            return !station.fixed && (idle >= age || (idle > age - age / 4 && !rows.containsKey(entry.getKey())));
        });
        net.refused.values().removeIf(when -> model.now - when >= age / 4);
        if (net.stations.size() < before && !net.refused.isEmpty()) {
            net.lateUntil = model.now + age / 4;
        }
    }

    private void checkTables() {
        for (final Net net : model.networks.values()) {
            final Map<String, String> expected = new TreeMap<>();
            net.stations.forEach((address, station) -> expected.put(address.toString(), told(station)));
            final Map<String, String> listed = new TreeMap<>();
            rows(net.spec.key())
                    .forEach((address, row) ->
                            listed.put(address.toString(), place(row.location()) + (row.fixed() ? " fixed" : "")));
            if (!expected.equals(listed)) {
                throw new Difference(
                        "MAC table of " + net.spec.key() + "\n  model  " + expected + "\n  switch " + listed);
            }
        }
        final Rows.Books books = rig.books();
        if (!books.balanced()) {
            throw new Difference("books that do not balance: " + books);
        }
    }

    private static String told(final Station station) {
        return station.place + (station.fixed ? " fixed" : "");
    }

    private Map<Address, Rows.MacRow> rows(final String network) {
        final Map<Address, Rows.MacRow> rows = new HashMap<>();
        for (final Rows.MacRow row : TestSwitch.get(rig.control.macs(network, Integer.MAX_VALUE))) {
            rows.put(new Address(row.vlan(), MacAddress.parse(row.mac())), row);
        }
        return rows;
    }

    private static String place(final String location) {
        return location.startsWith("p")
                ? Model.port(location)
                : Model.end(HexFormat.of().formatHex(IpAddress.parse(location).bytes()));
    }

    private boolean change(final Change change) {
        if (!change.isPossible(model)) {
            return false;
        }
        TestSwitch.get(change.real(rig.control));
        change.model(model);
        rig.pump();
        compare(new Answer(), true);
        return true;
    }

    /** Counts of what is gone are told without its name from now on. */
    private void compare(final Answer answer, final boolean renamed) {
        if (renamed) {
            drops = rig.drops();
        }
        compare(answer);
    }

    @Override
    public void close() {
        rig.close();
    }
}
