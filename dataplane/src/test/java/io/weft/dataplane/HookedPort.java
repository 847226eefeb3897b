package io.weft.dataplane;

import io.weft.dataplane.api.Rows;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortHost;
import io.weft.dataplane.port.PortQueue;

/** A port of one queue, as it is, but that something happens as soon as a burst was taken from it. For tests. */
final class HookedPort implements Port {
    private final Port port;
    private final PortQueue queue;

    HookedPort(final Port port, final Runnable afterReceive) {
        this.port = port;
        queue = new HookedQueue(port.queue(0), afterReceive);
    }

    @Override
    public int queues() {
        return port.queues();
    }

    @Override
    public PortQueue queue(final int index) {
        return queue;
    }

    @Override
    public String state() {
        return port.state();
    }

    @Override
    public Rows.VhostRow details() {
        return port.details();
    }

    @Override
    public int mtu() {
        return port.mtu();
    }

    @Override
    public boolean mtu(final int bytes) {
        return port.mtu(bytes);
    }

    @Override
    public long mac() {
        return port.mac();
    }

    @Override
    public void start(final PortHost host) {
        port.start(host);
    }

    @Override
    public void checkMemory() {
        port.checkMemory();
    }

    @Override
    public void close() {
        port.close();
    }

    private record HookedQueue(PortQueue queue, Runnable afterReceive) implements PortQueue {
        @Override
        public int rxBurst(final Burst burst) {
            final int frames = queue.rxBurst(burst);
            if (frames > 0) {
                afterReceive.run();
            }
            return frames;
        }

        @Override
        public void rxRelease() {
            queue.rxRelease();
        }

        @Override
        public void txBurst(final Burst burst, final TxQueue tx) {
            queue.txBurst(burst, tx);
        }

        @Override
        public int offloads() {
            return queue.offloads();
        }

        @Override
        public int wakeFd() {
            return queue.wakeFd();
        }

        @Override
        public boolean arm() {
            return queue.arm();
        }

        @Override
        public void disarm() {
            queue.disarm();
        }
    }
}
