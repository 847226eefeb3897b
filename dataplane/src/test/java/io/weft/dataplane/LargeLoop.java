package io.weft.dataplane;

import io.weft.dataplane.port.LoopPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;

/** A {@link LoopPort} whose frames are TCP frames to be segmented. */
final class LargeLoop implements Port, PortQueue {
    private final LoopPort loop;
    private final int size;
    private final int start;

    /** @param size of the segments' payloads; {@code start}: where in the frames the TCP header begins */
    LargeLoop(final int size, final int start, final byte[]... frames) {
        loop = new LoopPort(1500, frames);
        this.size = size;
        this.start = start;
    }

    @Override
    public int rxBurst(final Burst burst) {
        final int frames = loop.rxBurst(burst);
        for (int i = 0; i < frames; i++) {
            burst.vnetFlags[i] = Burst.NEEDS_CSUM;
            burst.gsoType[i] = Burst.GSO_TCPV4;
            burst.gsoSize[i] = size;
            burst.csumStart[i] = start;
            burst.csumOffset[i] = 16;
        }
        return frames;
    }

    @Override
    public void rxRelease() {
        loop.rxRelease();
    }

    @Override
    public int wakeFd() {
        return loop.wakeFd();
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        loop.txBurst(burst, tx);
    }

    @Override
    public int offloads() {
        return loop.offloads();
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public PortQueue queue(final int index) {
        return this;
    }

    @Override
    public String state() {
        return loop.state();
    }

    @Override
    public int mtu() {
        return loop.mtu();
    }

    @Override
    public void close() {
        loop.close();
    }
}
