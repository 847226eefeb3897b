package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.vhost.DirtyLog;
import io.weft.dataplane.vhost.Virtqueue;
import io.weft.encap.Mem;

/**
 * Puts frames into a guest's receive ring (virtio 1.2, section 5.1.6.4). In loops over the burst: find buffers for every
 * frame, store to the lines that will be written first (the cache misses overlap), copy, publish all together.
 *
 * <p>Nothing is written but the header and the frame: what else a buffer holds stays as the guest left it.
 *
 * <p>Owned by the worker.
 */
final class VhostSender {
    private static final int LINE = 64;
    private static final int NUM_BUFFERS = 10;
    /** The four bytes at 8: csum_offset 0, num_buffers 1 in little-endian order. */
    private static final int ONE_BUFFER = 1 << 16;

    private static final int NOT_PLACED = -1;
    /** No buffer: the queue's own arrays are full. */
    private static final int FULL = -1;

    /** Buffers looked for at a time. */
    private static final int AHEAD = 32;
    /** Chains with something wrong in them that one burst looks at: each may cost the walk of a long chain. */
    private static final int MAX_FAULTS = 16;

    private static final int SLOW_BURSTS = 64;

    private final VhostState state;
    private final Region scratch = new Region(LINE);
    private final long vnet = scratch.address();
    /** By entry of the TxQueue: its first chain and how many, or {@link #NOT_PLACED}. */
    private final int[] firstChain = new int[TxQueue.CAPACITY];

    private final int[] chains = new int[TxQueue.CAPACITY];
    /** By entry: where a frame goes that {@link #placePlain} placed, else 0. */
    private final long[] plainTo = new long[TxQueue.CAPACITY];

    private Virtqueue ring;
    private boolean enabled;

    // What the guest negotiated, for the length of a burst.
    private int header;
    private int plainEnd;
    private int maxFrame;
    private boolean merges;
    private boolean marked;

    /** First chain that no frame has and that is not to go back empty. */
    private int nextChain;

    private int faultsLeft;
    /** Bursts left that are not tried as plain ones, since the guest gave a bad buffer. */
    private int slowBursts;

    // The cursor that copies: chain, segment in it, bytes of it that are written.
    private Virtqueue to;
    private DirtyLog log;
    private int chain;
    private int segment;
    private int segmentEnd;
    private int offset;
    private int room;

    VhostSender(final VhostState state) {
        this.state = state;
    }

    void attach(final Virtqueue queue) {
        ring = queue;
    }

    void enable(final boolean value) {
        enabled = value;
    }

    boolean isReady() {
        return ring != null && enabled;
    }

    void send(final Burst burst, final TxQueue tx) {
        final Virtqueue queue = ring;
        if (!isReady() || queue.isBroken()) {
            refuse(tx, DropReason.PORT_DOWN);
            return;
        }
        // Asked for once: a volatile read in the loops would have everything else read again for each frame.
        header = state.headerLength();
        // The header's last bytes: one buffer (5.1.6.4), or without that field the frame's first two, which come after.
        plainEnd = header > NUM_BUFFERS ? ONE_BUFFER : 0;
        maxFrame = state.maxFrame();
        merges = state.mergesBuffers();
        marked = queue.log() != null;
        // A burst that memory failed in has left chains taken, perhaps half written.
        queue.rewind(0);
        if (slowBursts > 0) {
            slowBursts--;
        } else if (!marked && sendPlain(burst, tx, queue)) {
            return;
        }
        faultsLeft = MAX_FAULTS;
        int from = 0;
        while (from < tx.size) {
            nextChain = 0;
            final int end = place(burst, tx, from, queue);
            touch(queue, from, end);
            for (int e = from; e < end; e++) {
                if (plainTo[e] != 0) {
                    copyPlain(burst, tx, e, plainTo[e], header);
                } else if (firstChain[e] != NOT_PLACED) {
                    copy(burst, tx, e, queue);
                }
            }
            queue.rewind(nextChain);
            queue.complete();
            from = end;
        }
    }

    /**
     * Sends the burst that most are: every frame is contiguous, has nothing to say in its header and fits whole into the next
     * buffer. Headers are written, and the lines that follow stored to, before anything is copied: the lines are on their
     * way together. Returns false, with nothing taken, for any other burst.
     */
    private boolean sendPlain(final Burst burst, final TxQueue tx, final Virtqueue queue) {
        final int count = tx.size;
        if (queue.fill(count) < count) {
            queue.rewind(0);
            return false;
        }
        final int[] frames = tx.frame;
        final int[] prefixes = tx.prefixLength;
        final int[] skips = tx.skip;
        final int[] lengths = burst.length;
        final int[] heads = burst.headLength;
        final int[] flags = burst.vnetFlags;
        final int[] gso = burst.gsoType;
        final int[] fault = queue.fault;
        final int[] written = queue.written;
        final int[] first = queue.firstSegment;
        final int[] room = queue.segmentLength;
        final long[] address = queue.segmentAddress;
        final int most = maxFrame;
        final int before = header;
        final int end = plainEnd;
        for (int e = 0; e < count; e++) {
            final int frame = frames[e];
            final int length = prefixes[e] + lengths[frame] - skips[e];
            final int bytes = before + length;
            final int s = first[e];
            if ((flags[frame] | gso[frame] | fault[e]) != 0
                    || heads[frame] != lengths[frame]
                    || length > most
                    || room[s] < bytes) {
                java.util.Arrays.fill(written, 0, e, 0);
                if (fault[e] != Virtqueue.OK) {
                    // Its buffers will be walked again: not with every burst, as walking is all that they are for.
                    slowBursts = SLOW_BURSTS;
                }
                queue.rewind(0);
                return false;
            }
            final long to = address[s];
            written[e] = bytes;
            Mem.putLongNative(to, 0);
            Mem.putIntNative(to + Long.BYTES, end);
            if (bytes >= LINE + Long.BYTES) {
                Mem.putLongNative(to + LINE, 0);
                // A small frame with its outer headers reaches into a third line, as buffers do not begin with one.
                Mem.putLongNative(to + bytes - Long.BYTES, 0);
            }
        }
        for (int e = 0; e < count; e++) {
            final int frame = frames[e];
            final int prefix = prefixes[e];
            final long from = burst.head[frame] + skips[e];
            final int length = written[e] - before - prefix;
            final long to = address[first[e]] + before;
            if (prefix == 0) {
                Mem.copy(from, to, length);
            } else if (tx.prefix[e] + prefix == from) {
                Mem.copy(from - prefix, to, prefix + length);
            } else {
                Mem.copy(tx.prefix[e], to, prefix);
                Mem.copy(from, to + prefix, length);
            }
        }
        queue.complete();
        return true;
    }

    private static void refuse(final TxQueue tx, final DropReason reason) {
        for (int e = 0; e < tx.size; e++) {
            tx.refused[e] = reason.ordinal();
        }
    }

    /** Finds buffers for entries from {@code from} on. Returns the first entry that has to wait for the next round. */
    private int place(final Burst burst, final TxQueue tx, final int from, final Virtqueue queue) {
        for (int e = from; e < tx.size; e++) {
            final int frame = tx.frame[e];
            final int length = tx.prefixLength[e] + burst.length[frame] - tx.skip[e];
            final boolean plain = (burst.vnetFlags[frame] | burst.gsoType[frame]) == 0;
            if (plain && length <= maxFrame && placePlain(queue, e, header + length)) {
                continue;
            }
            firstChain[e] = NOT_PLACED;
            plainTo[e] = 0;
            if (burst.gsoType[frame] == Burst.GSO_NONE && length > maxFrame) {
                tx.refused[e] = DropReason.TOO_BIG_FOR_PORT.ordinal();
                continue;
            }
            if (!plain && !state.takes(burst.vnetFlags[frame], burst.gsoType[frame])) {
                tx.refused[e] = DropReason.BAD_OFFLOAD.ordinal();
                continue;
            }
            final int found = merges ? placeMerged(queue, e, header + length) : placeWhole(queue, e, header + length);
            if (found == FULL && nextChain > 0) {
                // The queue's arrays are full, not the guest's ring: publish what there is and go on.
                return e;
            }
            if (found != 0) {
                tx.refused[e] = found == FULL ? DropReason.TOO_BIG_FOR_PORT.ordinal() : found;
            }
        }
        return tx.size;
    }

    /**
     * Most frames: nothing to say in the header, and the next buffer takes all of it in one piece. The header is written,
     * and the line after it stored to, at once: the lines are on their way while the rest of the burst is placed.
     */
    private boolean placePlain(final Virtqueue queue, final int entry, final int bytes) {
        final int k = nextChain;
        if (k == queue.size && queue.fill(AHEAD) == 0) {
            return false;
        }
        final int s = queue.firstSegment[k];
        if (queue.fault[k] != Virtqueue.OK || queue.segmentLength[s] < bytes || marked) {
            return false;
        }
        final long to = queue.segmentAddress[s];
        plainTo[entry] = to;
        firstChain[entry] = k;
        queue.written[k] = bytes;
        nextChain = k + 1;
        // At least an Ethernet header follows the virtio-net header.
        Mem.putLongNative(to, 0);
        Mem.putIntNative(to + Long.BYTES, plainEnd);
        if (bytes >= LINE + Long.BYTES) {
            Mem.putLongNative(to + LINE, 0);
            // A small frame with its outer headers reaches into a third line, as buffers do not begin with one.
            Mem.putLongNative(to + bytes - Long.BYTES, 0);
        }
        return true;
    }

    /** One chain takes all of the frame. Returns 0, {@link #FULL}, or why not. */
    private int placeWhole(final Virtqueue queue, final int entry, final int bytes) {
        while (true) {
            final int missing = missing(queue, nextChain);
            if (missing != 0) {
                return missing;
            }
            if (queue.fault[nextChain] == Virtqueue.OK) {
                break;
            }
            nextChain++;
            if (--faultsLeft < 0) {
                return DropReason.PORT_FULL.ordinal();
            }
        }
        if (queue.bytes[nextChain] < bytes) {
            return DropReason.TOO_BIG_FOR_PORT.ordinal();
        }
        firstChain[entry] = nextChain++;
        chains[entry] = 1;
        return 0;
    }

    private int placeMerged(final Virtqueue queue, final int entry, final int bytes) {
        int first = nextChain;
        int k = first;
        long room = 0;
        while (room < bytes) {
            final int missing = missing(queue, k);
            if (missing != 0) {
                return missing;
            }
            if (queue.fault[k] == Virtqueue.OK) {
                room += queue.bytes[k];
            } else {
                // Merged buffers follow one another: those before the bad one go back empty, with it.
                first = k + 1;
                room = 0;
                nextChain = first;
                if (--faultsLeft < 0) {
                    return DropReason.PORT_FULL.ordinal();
                }
            }
            k++;
        }
        firstChain[entry] = first;
        chains[entry] = k - first;
        nextChain = k;
        return 0;
    }

    /** 0 when chain {@code k} is there, else {@link #FULL} or the reason that it is not. */
    private static int missing(final Virtqueue queue, final int k) {
        if (k < queue.size || queue.fill(AHEAD) > 0) {
            return 0;
        }
        if (queue.isBroken()) {
            return DropReason.PORT_DOWN.ordinal();
        }
        return queue.size == Virtqueue.CHAINS || !queue.isEmpty() ? FULL : DropReason.PORT_FULL.ordinal();
    }

    /** Stores to the first lines that the copies will write, within what they will write. */
    private void touch(final Virtqueue queue, final int from, final int end) {
        for (int e = from; e < end; e++) {
            if (firstChain[e] != NOT_PLACED && plainTo[e] == 0) {
                final int s = queue.firstSegment[firstChain[e]];
                if (queue.segmentLength[s] >= Long.BYTES) {
                    Mem.putLongNative(queue.segmentAddress[s], 0);
                }
            }
        }
    }

    private void copy(final Burst burst, final TxQueue tx, final int entry, final Virtqueue queue) {
        final int frame = tx.frame[entry];
        final int prefix = tx.prefixLength[entry];
        final int skip = tx.skip[entry];
        final int bytes = header + prefix + burst.length[frame] - skip;
        header(burst, frame, prefix - skip, chains[entry]);
        begin(queue, firstChain[entry], bytes);
        write(vnet, header);
        if (prefix != 0) {
            write(tx.prefix[entry], prefix);
        }
        write(burst.head[frame] + skip, burst.headLength[frame] - skip);
        final int end = burst.firstSegment[frame] + burst.segmentCount[frame];
        for (int s = burst.firstSegment[frame]; s < end; s++) {
            write(burst.segmentAddress[s], burst.segmentLength[s]);
        }
    }

    /** The frame that most are: one buffer takes all of it, and there is nothing to say in its header. */
    private static void copyPlain(
            final Burst burst, final TxQueue tx, final int entry, final long to, final int header) {
        final int frame = tx.frame[entry];
        final int prefix = tx.prefixLength[entry];
        final int skip = tx.skip[entry];
        long at = to + header;
        // What is left of the room that was found, so that the parts cannot add up to more than the whole.
        int left = burst.length[frame] - skip;
        final int head = Math.min(burst.headLength[frame] - skip, left);
        final long from = burst.head[frame] + skip;
        if (prefix == 0) {
            Mem.copy(from, at, head);
        } else if (tx.prefix[entry] + prefix == from) {
            Mem.copy(from - prefix, at, prefix + head);
        } else {
            Mem.copy(tx.prefix[entry], at, prefix);
            Mem.copy(from, at + prefix, head);
        }
        at += prefix + head;
        left -= head;
        if (left == 0) {
            return;
        }
        final int end = burst.firstSegment[frame] + burst.segmentCount[frame];
        for (int s = burst.firstSegment[frame]; s < end && left > 0; s++) {
            final int piece = Math.min(burst.segmentLength[s], left);
            Mem.copy(burst.segmentAddress[s], at, piece);
            at += piece;
            left -= piece;
        }
    }

    private void header(final Burst burst, final int frame, final int shift, final int buffers) {
        if ((burst.vnetFlags[frame] | burst.gsoType[frame]) == 0) {
            Mem.putLongNative(vnet, 0);
            Mem.putShortNative(vnet + Long.BYTES, 0);
        } else {
            VnetHeader.store(vnet, burst, frame, shift);
            if (!state.guestTakesChecksums()) {
                Mem.putByte(vnet, 0);
            }
        }
        Mem.putShortNative(vnet + NUM_BUFFERS, buffers);
    }

    private void begin(final Virtqueue queue, final int first, final int bytes) {
        room = bytes;
        to = queue;
        log = queue.log();
        chain = first;
        segment = queue.firstSegment[first];
        segmentEnd = segment + queue.segmentCount[first];
        offset = 0;
    }

    private void write(final long from, final int bytes) {
        final Virtqueue queue = to;
        // Never more than buffers were found for, whatever the frame's parts add up to.
        final int length = Math.min(bytes, room);
        room -= length;
        int done = 0;
        while (done < length) {
            if (offset == queue.segmentLength[segment]) {
                offset = 0;
                if (++segment == segmentEnd) {
                    chain++;
                    segment = queue.firstSegment[chain];
                    segmentEnd = segment + queue.segmentCount[chain];
                }
            }
            final int piece = Math.min(length - done, queue.segmentLength[segment] - offset);
            Mem.copy(from + done, queue.segmentAddress[segment] + offset, piece);
            if (log != null) {
                log.mark(queue.segmentGuest[segment] + offset, piece);
            }
            queue.written[chain] += piece;
            offset += piece;
            done += piece;
        }
    }

    void close() {
        scratch.close();
    }
}
