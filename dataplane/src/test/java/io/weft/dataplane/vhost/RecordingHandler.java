package io.weft.dataplane.vhost;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes down what a device tells its port. Owned by the test. */
final class RecordingHandler implements VhostHandler {
    final List<String> lines = new ArrayList<>();
    final List<String> events = new ArrayList<>();
    final Map<Integer, Virtqueue> queues = new TreeMap<>();
    final Map<Integer, Boolean> enabled = new TreeMap<>();
    long features;
    int maxMtu = 9000;
    int mtu;
    long rarp;
    boolean connected;
    String ended = "";
    /** What the next action on a ring's owner throws, as if its memory had been cut off. */
    Error failure;
    /** Rings' owners take no orders. */
    boolean stuck;

    private int inside = -1;

    @Override
    public void onOwner(final int ring, final Runnable action) {
        if (stuck) {
            throw new IllegalStateException("the owner of ring " + ring + " has not taken an order");
        }
        final int before = inside;
        inside = ring;
        try {
            action.run();
            if (failure != null) {
                final Error thrown = failure;
                failure = null;
                throw new IllegalStateException(thrown);
            }
        } finally {
            inside = before;
        }
    }

    @Override
    public void ringChanged(final int ring, final Virtqueue queue) {
        check(ring);
        events.add((queue == null ? "stop " : "start ") + ring);
        if (queue == null) {
            queues.remove(ring);
        } else {
            queues.put(ring, queue);
        }
    }

    @Override
    public void ringEnabled(final int ring, final boolean value) {
        check(ring);
        events.add((value ? "enable " : "disable ") + ring);
        enabled.put(ring, value);
    }

    private void check(final int ring) {
        if (inside != ring) {
            throw new IllegalStateException("ring " + ring + " was changed by another than its owner");
        }
    }

    @Override
    public void connected() {
        connected = true;
        events.add("connected");
    }

    @Override
    public void negotiated(final long value) {
        features = value;
    }

    @Override
    public void disconnected(final String why) {
        if (!queues.isEmpty() && !stuck) {
            throw new IllegalStateException("rings " + queues.keySet() + " are still served");
        }
        connected = false;
        ended = why;
        events.add("disconnected");
    }

    @Override
    public String setMtu(final int value) {
        if (value > maxMtu) {
            return "MTU " + value + " is more than " + maxMtu;
        }
        mtu = value;
        return null;
    }

    @Override
    public void sendRarp(final long mac) {
        rarp = mac;
    }

    @Override
    public void tell(final String line) {
        if (line.contains("\n")) {
            throw new IllegalStateException("two lines: " + line);
        }
        lines.add(line);
    }
}
