package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.encap.Mem;

/**
 * One queue pair of a {@link MemoryPort}: two bounded rings between the program that holds the switch and a worker.
 *
 * <p>{@code inject} and {@code poll} are for one thread (it may be the worker's own); all else is owned by the worker.
 */
public final class MemoryQueue implements PortQueue, AutoCloseable {
    private static final int RING = 1 << 20;
    private static final int SEGMENT = 4096;

    private final FrameRing toSwitch;
    private final FrameRing fromSwitch;
    private final RingRx rx;
    private volatile int offloads;
    private volatile int splitAt;

    /**
     * @param frames that may wait in each direction
     * @param wakes whether the worker can sleep on this queue, for which the system's eventfd is needed
     */
    MemoryQueue(final int frames, final boolean wakes) {
        toSwitch = new FrameRing(RING, frames);
        fromSwitch = new FrameRing(RING, frames);
        rx = new RingRx(toSwitch, wakes);
    }

    /** Sets what {@link #offloads} says from now on; by any thread. */
    public void setOffloads(final int bits) {
        offloads = bits;
    }

    /** From now on gives the worker heads of that many bytes and the rest as a body in pieces; 0: heads alone. */
    public void splitAt(final int bytes) {
        splitAt = bytes;
    }

    // The program's side.

    /** Gives the switch a frame. Returns false when too many wait. */
    public boolean inject(final byte[] frame) {
        return inject(frame, 0, Burst.GSO_NONE, 0, 0, 0);
    }

    /** Gives the switch a frame with virtio-net's offload words. */
    public boolean inject(
            final byte[] frame,
            final int vnetFlags,
            final int gsoType,
            final int gsoSize,
            final int csumStart,
            final int csumOffset) {
        final long to = toSwitch.claim(frame.length);
        if (to == 0) {
            return false;
        }
        Mem.copy(frame, 0, to, frame.length);
        FrameRing.words(to, vnetFlags, gsoType, gsoSize, csumStart, csumOffset);
        toSwitch.commit();
        rx.publish();
        return true;
    }

    /** As {@link #inject(byte[])}, from memory. */
    public boolean inject(final long address, final int length) {
        final long to = toSwitch.claim(length);
        if (to == 0) {
            return false;
        }
        Mem.copy(address, to, length);
        toSwitch.commit();
        rx.publish();
        return true;
    }

    /** Gives the switch a frame that its source refuses, as a device gives one that it cut off. */
    public boolean injectRefused(final byte[] frame, final DropReason reason) {
        final long to = toSwitch.claim(frame.length);
        if (to == 0) {
            return false;
        }
        Mem.copy(frame, 0, to, frame.length);
        FrameRing.refused(to, reason.ordinal());
        toSwitch.commit();
        rx.publish();
        return true;
    }

    /** Takes the next frame that the switch sent; null: none. */
    public byte[] poll() {
        final Sent sent = pollSent();
        return sent == null ? null : sent.frame();
    }

    /** Takes the next frame that the switch sent, with its offload words; null: none. */
    public Sent pollSent() {
        final long frame = fromSwitch.next();
        if (frame == 0) {
            return null;
        }
        final int[] words = new int[5];
        FrameRing.words(frame, words);
        final Sent sent =
                new Sent(Mem.bytes(frame, FrameRing.length(frame)), words[0], words[1], words[2], words[3], words[4]);
        fromSwitch.release();
        return sent;
    }

    // The worker's side.

    @Override
    public int rxBurst(final Burst burst) {
        final int frames = rx.rxBurst(burst);
        final int split = splitAt;
        if (split != 0) {
            split(burst, split);
        }
        return frames;
    }

    private static void split(final Burst burst, final int headBytes) {
        for (int i = 0; i < burst.size; i++) {
            if (burst.headLength[i] <= headBytes) {
                continue;
            }
            burst.headLength[i] = headBytes;
            burst.firstSegment[i] = burst.segments;
            for (int at = headBytes; at < burst.length[i]; at += SEGMENT) {
                burst.segmentAddress[burst.segments] = burst.head[i] + at;
                burst.segmentLength[burst.segments] = Math.min(SEGMENT, burst.length[i] - at);
                burst.segments++;
                burst.segmentCount[i]++;
            }
        }
    }

    @Override
    public void rxRelease() {
        rx.rxRelease();
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        for (int i = 0; i < tx.size; i++) {
            if (!fromSwitch.offer(burst, tx, i)) {
                tx.refused[i] = DropReason.PORT_FULL.ordinal();
            }
        }
        fromSwitch.publish();
    }

    @Override
    public int offloads() {
        return offloads;
    }

    @Override
    public int wakeFd() {
        return rx.wakeFd();
    }

    @Override
    public boolean arm() {
        return rx.arm();
    }

    @Override
    public void disarm() {
        rx.disarm();
    }

    @Override
    public void close() {
        rx.close();
    }

    /** A frame that the switch sent, and its offload words. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    public record Sent(byte[] frame, int vnetFlags, int gsoType, int gsoSize, int csumStart, int csumOffset) {}
}
