package io.weft.dataplane.underlay;

import io.weft.dataplane.TxQueue;
import java.util.Arrays;

/**
 * The entries of one transmit queue by the socket that they leave through, each group in the queue's order. A group is
 * (family, kind of socket, source port's index).
 *
 * <p>Owned by the worker.
 */
final class SendGroups {
    /** Datagrams with a UDP checksum. */
    static final int CHECKSUM = 0;
    /** Datagrams without one. */
    static final int PLAIN = 1;
    /** Without one when sent alone, with one when sent in runs. */
    static final int EITHER = 2;
    /** GRE; there is one group of a family. */
    static final int RAW = 3;

    private static final int KINDS = 4;
    private static final int END = -1;

    private final int[] first = new int[2 * KINDS * SenderPorts.COUNT];
    private final int[] last = new int[first.length];
    private final int[] next = new int[TxQueue.CAPACITY];
    private final int[] touched = new int[TxQueue.CAPACITY];
    private int count;

    SendGroups() {
        Arrays.fill(first, END);
    }

    void add(final int entry, final int family, final int kind, final int port) {
        final int group = ((family == 4 ? 0 : KINDS) + kind) * SenderPorts.COUNT + port;
        next[entry] = END;
        if (first[group] == END) {
            first[group] = entry;
            touched[count++] = group;
        } else {
            next[last[group]] = entry;
        }
        last[group] = entry;
    }

    /** Groups that have entries. */
    int count() {
        return count;
    }

    int first(final int index) {
        return first[touched[index]];
    }

    /** The entry after this one in its group, or -1. */
    int next(final int entry) {
        return next[entry];
    }

    int family(final int index) {
        return touched[index] < KINDS * SenderPorts.COUNT ? 4 : 6;
    }

    int kind(final int index) {
        return touched[index] / SenderPorts.COUNT % KINDS;
    }

    int port(final int index) {
        return touched[index] % SenderPorts.COUNT;
    }

    void clear() {
        for (int i = 0; i < count; i++) {
            first[touched[i]] = END;
        }
        count = 0;
    }
}
