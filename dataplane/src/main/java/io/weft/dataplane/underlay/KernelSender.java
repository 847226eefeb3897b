package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.MessageBatch;
import io.weft.dataplane.sys.Sockets;
import io.weft.encap.TunnelHeader;

/**
 * Sends one group of entries through one socket. Neighbouring entries into one tunnel, of one size and ECN, the last
 * perhaps shorter, become one message that the kernel cuts (UDP_SEGMENT): a fragment of the cost of a message each. A
 * message of several that fails, for a path's MTU or a device that cannot, is sent again frame by frame, so that each is
 * sent or refused for a reason of its own.
 *
 * <p>Owned by the worker.
 */
final class KernelSender {
    /** The kernel's UDP_MAX_SEGMENTS has been 64 at least. */
    private static final int MAX_RUN = 64;
    /** What a device takes in one packet to be cut: less than 64 KiB with the headers of Ethernet, IPv6 and UDP. */
    private static final int MAX_BYTES = 65_535 - 14 - 40 - 8;
    /** The kernel's UIO_MAXIOV. */
    private static final int MAX_PIECES = 1024;

    private static final int PIECES = 2048;
    /** The message for what is sent again. */
    private static final int AGAIN = TxQueue.CAPACITY;

    private final SendGroups groups;
    private final MessageBatch batch =
            new MessageBatch(TxQueue.CAPACITY + 1, (PIECES + TxQueue.CAPACITY) / (TxQueue.CAPACITY + 1) + 1);

    private Burst burst;
    private TxQueue tx;

    // By entry.
    private final KernelTunnel[] tunnels = new KernelTunnel[TxQueue.CAPACITY];
    private final long[] headers = new long[TxQueue.CAPACITY];
    private final boolean[] inPlace = new boolean[TxQueue.CAPACITY];
    private final int[] sizes = new int[TxQueue.CAPACITY];
    private final int[] ecns = new int[TxQueue.CAPACITY];
    private final int[] firstPiece = new int[TxQueue.CAPACITY];
    private final int[] pieceCount = new int[TxQueue.CAPACITY];

    // By message.
    private final int[] firstEntry = new int[TxQueue.CAPACITY];
    private final int[] entryCount = new int[TxQueue.CAPACITY];

    private int messages;
    private int pieces;

    KernelSender(final SendGroups groups) {
        this.groups = groups;
    }

    void begin(final Burst of, final TxQueue queue) {
        burst = of;
        tx = queue;
    }

    /** Says what entry {@code i} is: {@code size} bytes with the tunnel header, which lies before the frame or apart. */
    void entry(
            final int i,
            final KernelTunnel tunnel,
            final long header,
            final boolean beforeFrame,
            final int size,
            final int ecn) {
        tunnels[i] = tunnel;
        headers[i] = header;
        inPlace[i] = beforeFrame;
        sizes[i] = size;
        ecns[i] = ecn;
    }

    /** Whether any two neighbours of the group can go in one message. */
    boolean hasRun(final int first) {
        for (int entry = first, next = groups.next(first); next >= 0; entry = next, next = groups.next(next)) {
            if (follows(entry, next)) {
                return true;
            }
        }
        return false;
    }

    /** Sends the group that begins with {@code first}; sets {@link TxQueue#refused}. */
    void send(final int first, final int fd, final boolean inRuns) {
        messages = 0;
        pieces = 0;
        int entry = first;
        while (entry >= 0) {
            final int needed = piecesOf(entry);
            if (needed > MAX_PIECES) {
                tx.refused[entry] = DropReason.UNDERLAY_ERROR.ordinal();
                entry = groups.next(entry);
            } else {
                if (pieces + needed > PIECES) {
                    flush(fd);
                    messages = 0;
                    pieces = 0;
                }
                entry = message(entry, inRuns);
            }
        }
        flush(fd);
    }

    /** Makes a message that begins with {@code entry} and returns the entry after its last. */
    private int message(final int entry, final boolean inRuns) {
        final int m = messages++;
        final KernelTunnel tunnel = tunnels[entry];
        final int begin = pieces;
        gather(entry);
        int count = 1;
        int last = entry;
        int next = groups.next(entry);
        if (inRuns && tunnel.segments) {
            int bytes = sizes[entry];
            while (next >= 0 && count < MAX_RUN && sizes[last] == sizes[entry] && follows(entry, next)) {
                bytes += sizes[next];
                final int more = piecesOf(next);
                if (bytes > MAX_BYTES || pieces - begin + more > MAX_PIECES || pieces + more > PIECES) {
                    break;
                }
                gather(next);
                count++;
                last = next;
                next = groups.next(next);
            }
        }
        firstEntry[m] = entry;
        entryCount[m] = count;
        address(m, entry, begin, pieces - begin);
        if (count > 1) {
            batch.addSegmentSize(m, sizes[entry]);
        }
        return next;
    }

    private boolean follows(final int entry, final int next) {
        return tunnels[next] == tunnels[entry] && ecns[next] == ecns[entry] && sizes[next] <= sizes[entry];
    }

    private void address(final int m, final int entry, final int first, final int count) {
        final KernelTunnel tunnel = tunnels[entry];
        batch.setName(m, tunnel.name, tunnel.nameLength);
        batch.setIovs(m, first, count);
        batch.clearControl(m);
        if (ecns[entry] != 0) {
            batch.addTos(m, tunnel.family == 4 ? Sockets.AF_INET : Sockets.AF_INET6, ecns[entry]);
        }
    }

    private int piecesOf(final int entry) {
        return burst.segmentCount[tx.frame[entry]] + 3;
    }

    private void gather(final int entry) {
        final int frame = tx.frame[entry];
        final int skip = tx.skip[entry];
        final long head = burst.head[frame] + skip;
        final int headBytes = burst.headLength[frame] - skip;
        final int begin = pieces;
        if (inPlace[entry]) {
            batch.setIov(0, pieces++, headers[entry], TunnelHeader.LENGTH + headBytes);
        } else {
            batch.setIov(0, pieces++, headers[entry], TunnelHeader.LENGTH);
            if (tx.prefixLength[entry] != 0) {
                batch.setIov(0, pieces++, tx.prefix[entry], tx.prefixLength[entry]);
            }
            batch.setIov(0, pieces++, head, headBytes);
        }
        final int first = burst.firstSegment[frame];
        for (int s = first; s < first + burst.segmentCount[frame]; s++) {
            batch.setIov(0, pieces++, burst.segmentAddress[s], burst.segmentLength[s]);
        }
        firstPiece[entry] = begin;
        pieceCount[entry] = pieces - begin;
    }

    private void flush(final int fd) {
        int m = 0;
        while (m < messages) {
            final int sent = Sockets.sendmmsg(fd, batch.message(m), messages - m, 0);
            if (sent > 0) {
                m += sent;
            } else if (sent == -Errno.EAGAIN) {
                // The socket's buffer is full: what follows would be refused too.
                while (m < messages) {
                    refuse(m++, sent);
                }
            } else if (sent != -Errno.EINTR) {
                failed(fd, m++, sent);
            }
        }
    }

    private void failed(final int fd, final int m, final int error) {
        if (entryCount[m] == 1) {
            refuse(m, error);
            return;
        }
        if (error == -Errno.EIO) {
            tunnels[firstEntry[m]].segments = false;
        }
        int entry = firstEntry[m];
        for (int i = 0; i < entryCount[m]; i++) {
            address(AGAIN, entry, firstPiece[entry], pieceCount[entry]);
            final int sent = Sockets.sendmsg(fd, batch.message(AGAIN), 0);
            tx.refused[entry] = sent >= 0 ? 0 : reason(entry, sent);
            entry = groups.next(entry);
        }
    }

    private void refuse(final int m, final int error) {
        int entry = firstEntry[m];
        for (int i = 0; i < entryCount[m]; i++) {
            tx.refused[entry] = reason(entry, error);
            entry = groups.next(entry);
        }
    }

    private int reason(final int entry, final int error) {
        if (error == -Errno.EMSGSIZE) {
            tunnels[entry].tooBig();
        }
        return switch (-error) {
            case Errno.EMSGSIZE -> DropReason.TOO_BIG_FOR_TUNNEL.ordinal();
            case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM -> DropReason.UNDERLAY_FULL.ordinal();
            case Errno.ENETUNREACH, Errno.EHOSTUNREACH, Errno.EHOSTDOWN, Errno.ENETDOWN, Errno.EADDRNOTAVAIL ->
                DropReason.UNDERLAY_UNREACHABLE.ordinal();
            default -> DropReason.UNDERLAY_ERROR.ordinal();
        };
    }
}
