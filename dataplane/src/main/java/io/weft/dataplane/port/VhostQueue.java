package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.Events;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.vhost.Virtqueue;
import io.weft.encap.Mem;

/**
 * One queue pair of a guest: takes frames from its transmit ring, and gives it frames through its receive ring
 * ({@link VhostSender}).
 *
 * <p>Of a frame that the guest sends, header and first bytes are copied once to where the guest cannot change them any
 * more; the rest stays in its memory as the frame's body until the burst is over.
 *
 * <p>Owned by the worker, {@link #attach} and {@link #enable} included; the conductor opens and closes it.
 */
final class VhostQueue implements PortQueue {
    /** Bytes copied of every frame of a guest: Ethernet, two tags, IPv6, TCP with options. */
    static final int HEAD = 128;
    /** Bytes copied where a checksum may have to be filled in or headers repeated; as many as a segmenter takes. */
    static final int OFFLOAD_HEAD = 384;

    private static final int SLOT = Burst.HEADROOM + OFFLOAD_HEAD + 64;
    private static final int ETHERNET = 14;

    private final VhostState state;
    private final int pair;
    private final int wholeHead;
    private final Epoll kicks;
    private final VhostSender sender;
    private final Region region = new Region((long) SLOT * Burst.CAPACITY);
    private final long slots = region.address();
    private Virtqueue transmit;
    private boolean transmitEnabled;
    private int watched = -1;
    private Burst given;
    /** Keeps the compiler from leaving out the reads of {@link #ask}. */
    long asked;

    /** @param head bytes that are copied of every frame, at most {@link #OFFLOAD_HEAD} */
    VhostQueue(final VhostState state, final int pair, final int head) throws ErrnoException {
        this.state = state;
        this.pair = pair;
        wholeHead = head;
        kicks = new Epoll(1);
        sender = new VhostSender(state);
    }

    /** Serves a ring from now on, or none: even rings are the guest's to receive, odd ones its to send. */
    void attach(final int ring, final Virtqueue queue) {
        if ((ring & 1) == 0) {
            sender.attach(queue);
            return;
        }
        transmit = queue;
        if (watched >= 0) {
            kicks.remove(watched);
            watched = -1;
        }
        if (queue != null && queue.kickFd() >= 0 && kicks.add(queue.kickFd(), Events.EPOLLIN, 0) >= 0) {
            watched = queue.kickFd();
        }
    }

    void enable(final int ring, final boolean enabled) {
        if ((ring & 1) == 0) {
            sender.enable(enabled);
        } else {
            transmitEnabled = enabled;
        }
    }

    /** Whether the guest can be sent frames on this pair. */
    boolean receives() {
        return sender.isReady();
    }

    @Override
    public int rxBurst(final Burst burst) {
        final Virtqueue queue = transmit;
        if (queue == null) {
            return 0;
        }
        // A burst that memory failed in has left chains taken.
        queue.rewind(0);
        final int chains = queue.fill(Burst.CAPACITY);
        if (chains == 0) {
            return 0;
        }
        if (!transmitEnabled) {
            // vhost-user, "Ring states": a ring that is started and disabled is emptied and thrown away.
            for (int k = 0; k < chains; k++) {
                refuse(burst, DropReason.QUEUE_DISABLED);
            }
            given = burst;
            return burst.size;
        }
        ask(queue, chains);
        // Asked for once: a volatile read in the loop would have everything else read again for each frame.
        final int header = state.headerLength();
        for (int k = takeRun(burst, queue, chains, header); k < chains; k++) {
            final int bytes = (int) queue.bytes[k];
            if (queue.segmentCount[k] == 1 && bytes >= header + ETHERNET && bytes <= header + wholeHead) {
                takeSmall(burst, queue.segmentAddress[queue.firstSegment[k]], bytes, header);
                continue;
            }
            if (burst.segments + queue.segmentCount[k] > Burst.SEGMENTS) {
                queue.rewind(k);
                break;
            }
            take(burst, queue, k, header);
        }
        given = burst;
        burst.wantsHash = state.pairs() > 1;
        return burst.size;
    }

    /**
     * Takes the leading chains that are short frames in one piece, as most are: in loops, so that a copy, which has
     * everything be read again, stands in one with nothing else. Returns how many.
     */
    private int takeRun(final Burst burst, final Virtqueue queue, final int chains, final int header) {
        final long[] lengths = queue.bytes;
        final int[] counts = queue.segmentCount;
        final int least = header + ETHERNET;
        final int most = header + wholeHead;
        int run = 0;
        while (run < chains && counts[run] == 1 && lengths[run] >= least && lengths[run] <= most) {
            run++;
        }
        burst.addPlain(run, slots + Burst.HEADROOM, SLOT);
        for (int k = 0; k < run; k++) {
            final int bytes = (int) lengths[k];
            burst.headLength[k] = bytes - header;
            burst.length[k] = bytes - header;
        }
        final int[] first = queue.firstSegment;
        final long[] address = queue.segmentAddress;
        final long to = slots + Burst.HEADROOM - header;
        for (int k = 0; k < run; k++) {
            Mem.copy(address[first[k]], to + (long) SLOT * k, lengths[k]);
        }
        for (int k = 0; k < run; k++) {
            final long slot = to + (long) SLOT * k;
            if (Mem.getShortNative(slot) != 0) {
                offloads(slot, burst, k);
            }
        }
        return run;
    }

    /** Reads the first and last bytes of what will be copied of each frame: the lines are on their way together. */
    private void ask(final Virtqueue queue, final int chains) {
        long seen = 0;
        for (int k = 0; k < chains; k++) {
            // A bad chain has none, and would begin behind the last that there is room for.
            if (queue.segmentCount[k] == 0) {
                continue;
            }
            final int s = queue.firstSegment[k];
            final int there = Math.min(queue.segmentLength[s], wholeHead);
            if (there >= Long.BYTES) {
                final long from = queue.segmentAddress[s];
                seen ^= Mem.getLongNative(from) ^ Mem.getLongNative(from + there - Long.BYTES);
            }
        }
        asked = seen;
    }

    /** The frame that costs most, as there are most of it: in one piece, and short enough to be copied whole. */
    private void takeSmall(final Burst burst, final long from, final int bytes, final int header) {
        final int i = burst.size;
        final long slot = slots + (long) SLOT * i + Burst.HEADROOM;
        Mem.copy(from, slot - header, bytes);
        burst.add(slot, bytes - header);
        if (Mem.getShortNative(slot - header) != 0) {
            offloads(slot - header, burst, i);
        }
    }

    private void take(final Burst burst, final Virtqueue queue, final int k, final int header) {
        final int i = burst.size;
        final long slot = slots + (long) SLOT * i + Burst.HEADROOM;
        final long length = queue.bytes[k] - header;
        if (length < ETHERNET || length > Burst.MAX_FRAME) {
            refuse(
                    burst,
                    queue.fault[k] != Virtqueue.OK
                            ? DropReason.BAD_DESCRIPTOR
                            : length < ETHERNET ? DropReason.TOO_SHORT : DropReason.TRUNCATED);
            return;
        }
        final long from = slot - header;
        final int first = queue.firstSegment[k];
        int wanted = header + (int) Math.min(length, wholeHead);
        int segment = first;
        int offset = Math.min(wanted, queue.segmentLength[first]);
        Mem.copy(queue.segmentAddress[first], from, offset);
        int copied = offset;
        while (true) {
            while (copied < wanted) {
                if (offset == queue.segmentLength[segment]) {
                    segment++;
                    offset = 0;
                }
                final int piece = Math.min(wanted - copied, queue.segmentLength[segment] - offset);
                Mem.copy(queue.segmentAddress[segment] + offset, from + copied, piece);
                offset += piece;
                copied += piece;
            }
            if (copied - header == length
                    || copied - header >= OFFLOAD_HEAD
                    || (Mem.getShortNative(from) & ~(Burst.DATA_VALID | 0xf8)) == 0) {
                break;
            }
            wanted = header + (int) Math.min(length, OFFLOAD_HEAD);
        }
        burst.add(slot, copied - header);
        burst.length[i] = (int) length;
        if (copied - header < length) {
            refer(burst, queue, segment, offset, first + queue.segmentCount[k]);
        }
        if (Mem.getShortNative(from) != 0) {
            offloads(from, burst, i);
        }
    }

    /** A chain that is no frame, or not to be one: the next of the burst, without a byte, to be counted. */
    private void refuse(final Burst burst, final DropReason reason) {
        final int i = burst.size;
        burst.add(slots + (long) SLOT * i + Burst.HEADROOM, 0);
        burst.refused[i] = reason.ordinal();
    }

    /** The rest of a chain, from {@code offset} of a segment on, becomes the body of the burst's last frame. */
    private static void refer(
            final Burst burst, final Virtqueue queue, final int segment, final int offset, final int end) {
        final int i = burst.size - 1;
        int to = burst.segments;
        burst.firstSegment[i] = to;
        int skip = offset;
        for (int s = segment; s < end; s++) {
            final int left = queue.segmentLength[s] - skip;
            if (left > 0) {
                burst.segmentAddress[to] = queue.segmentAddress[s] + skip;
                burst.segmentLength[to] = left;
                to++;
            }
            skip = 0;
        }
        burst.segmentCount[i] = to - burst.segments;
        burst.segments = to;
    }

    /** Offload words that were not negotiated, or make no sense, are refused; unknown flags are ignored (5.1.6.2.1). */
    private void offloads(final long header, final Burst burst, final int i) {
        VnetHeader.load(header, burst, i);
        burst.vnetFlags[i] &= Burst.NEEDS_CSUM;
        if ((burst.vnetFlags[i] | burst.gsoType[i]) == 0) {
            return;
        }
        if (!state.guestMaySend(burst.vnetFlags[i], burst.gsoType[i])
                || (burst.gsoType[i] != Burst.GSO_NONE && burst.gsoSize[i] == 0)) {
            burst.refused[i] = DropReason.BAD_OFFLOAD.ordinal();
        }
    }

    @Override
    public void rxRelease() {
        final Virtqueue queue = transmit;
        if (queue != null && given != null) {
            if (given.wantsHash) {
                state.steering().sent(given, pair);
            }
            queue.complete();
        }
        given = null;
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        sender.send(burst, tx);
    }

    @Override
    public int offloads() {
        return state.offloads();
    }

    @Override
    public int wakeFd() {
        return kicks.fd();
    }

    @Override
    public boolean arm() {
        final Virtqueue queue = transmit;
        if (queue == null) {
            return true;
        }
        return watched >= 0 && queue.requestKicks();
    }

    @Override
    public void disarm() {
        if (watched >= 0) {
            EventFd.drainWithoutWaiting(watched);
        }
        if (transmit != null) {
            transmit.suppressKicks();
        }
    }

    void close() {
        kicks.close();
        region.close();
        sender.close();
    }
}
