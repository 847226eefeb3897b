package io.weft.dataplane.underlay;

import io.weft.dataplane.api.Rows;
import io.weft.dataplane.port.RxQueue;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.List;
import java.util.Map;

/** What carries the tunnels. Owned by the conductor; what it hands out belongs to the workers it is handed out for. */
public interface Underlay extends AutoCloseable {
    /** Called once, before the workers poll {@link #queues}. Throws {@link io.weft.dataplane.api.SwitchException}. */
    default void start(final UnderlayHost host) {}

    /** "up", or what is waited for or wrong, in words. */
    default String state() {
        return "up";
    }

    /** In a few words what carries the tunnels, for status; empty: there is nothing to say. */
    default String mode() {
        return "";
    }

    /** What the operator is told of it. */
    default Rows.LinkRow row() {
        return new Rows.LinkRow("kernel", state(), mtu(), "", List.of(), List.of());
    }

    /** What the conductor has to do here in each of its turns. Returns how much that was. */
    default int doWork() {
        return 0;
    }

    /** Memory that a peer shares went away under a worker: whoever it was is to be closed. */
    default void checkMemory() {}

    /** What workers hand to each other for the underlay's queues; frames of it go to {@link UnderlayTx#deliver}. */
    default List<Listener> inbound() {
        return List.of();
    }

    /** The sending side of a worker; the same object each time. */
    UnderlayTx tx(int worker);

    /** Queues that are polled as long as the underlay is open, whatever is listened for; each with its worker. */
    default List<Listener> queues() {
        return List.of();
    }

    /** Frames that the underlay itself makes, for {@link UnderlayTx#deliver}: each queue with the worker that drains it. */
    default List<Listener> made() {
        return List.of();
    }

    /**
     * Begins to receive an encapsulation, on all of the underlay's addresses. Called once for each (encapsulation, port)
     * in use; and again, with another {@code zeroChecksum6} and for no queues, when that changes.
     *
     * @param udpPort 0 for NVGRE
     * @param zeroChecksum6 whether a network there allows UDP over IPv6 without a checksum
     * @return new queues, each with the worker that is to poll it; possibly none, where what is polled already brings it
     * @throws io.weft.dataplane.api.SwitchException when the port is taken or not permitted; says what to do
     */
    List<Listener> listen(Encapsulation encapsulation, int udpPort, boolean zeroChecksum6);

    /** Ends {@link #listen}; called when the workers no longer poll what it returned. */
    void unlisten(Encapsulation encapsulation, int udpPort);

    /** Joins a multicast group for an encapsulation; new queues as in {@link #listen}. */
    List<Listener> join(Encapsulation encapsulation, int udpPort, IpAddress group);

    void leave(Encapsulation encapsulation, int udpPort, IpAddress group);

    /** What was dropped before the switch saw it, since the underlay was opened: reasons in words, with their counts. */
    default Map<String, Long> dropsBefore() {
        return Map.of();
    }

    /** Bytes of the largest outer IP packet. */
    int mtu();

    /** Own address of the family that is the source of tunnels, or null. */
    IpAddress address(int family);

    @Override
    void close();

    /** A queue and the worker that polls it. */
    record Listener(int worker, RxQueue queue) {}
}
