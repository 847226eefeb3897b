package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.MessageBatch;
import io.weft.dataplane.sys.PacketSocket;
import io.weft.dataplane.sys.Sockets;

/**
 * The sending half of a packet socket: the burst is one {@code sendmmsg}, each frame gathered by the kernel from where its
 * pieces lie. What the device refuses does not keep the frames behind it.
 *
 * <p>Owned by the worker; made and closed by the conductor.
 */
final class PacketTx {
    private static final int FIXED_PIECES = 2;
    private static final int PIECES = TxQueue.CAPACITY * FIXED_PIECES + Burst.SEGMENTS * 2;
    private static final int ETHERNET = 14;
    private static final int TAG = 4;

    private final PacketSocket socket;
    private final int maxFrame;
    private final MessageBatch batch =
            new MessageBatch(TxQueue.CAPACITY, (PIECES + TxQueue.CAPACITY - 1) / TxQueue.CAPACITY);
    private final int[] origin = new int[TxQueue.CAPACITY];
    private int messages;
    private int pieces;

    /** @param mtu bytes of the largest IP packet */
    PacketTx(final PacketSocket socket, final int mtu) {
        this.socket = socket;
        maxFrame = mtu + ETHERNET + TAG;
        for (int i = 0; i < TxQueue.CAPACITY; i++) {
            batch.setName(i, 0, 0);
        }
    }

    void send(final Burst burst, final TxQueue tx) {
        messages = 0;
        pieces = 0;
        for (int i = 0; i < tx.size; i++) {
            tx.refused[i] = 0;
            if (tx.prefixLength[i] + burst.length[tx.frame[i]] - tx.skip[i] > maxFrame) {
                tx.refused[i] = DropReason.TOO_BIG_FOR_PORT.ordinal();
            } else if (pieces + FIXED_PIECES + burst.segmentCount[tx.frame[i]] > PIECES) {
                flush(tx);
                gather(burst, tx, i);
            } else {
                gather(burst, tx, i);
            }
        }
        flush(tx);
    }

    private void gather(final Burst burst, final TxQueue tx, final int entry) {
        final int frame = tx.frame[entry];
        final int skip = tx.skip[entry];
        final int first = pieces;
        if (tx.prefixLength[entry] != 0) {
            batch.setIov(0, pieces++, tx.prefix[entry], tx.prefixLength[entry]);
        }
        batch.setIov(0, pieces++, burst.head[frame] + skip, burst.headLength[frame] - skip);
        final int from = burst.firstSegment[frame];
        for (int s = from; s < from + burst.segmentCount[frame]; s++) {
            batch.setIov(0, pieces++, burst.segmentAddress[s], burst.segmentLength[s]);
        }
        batch.setIovs(messages, first, pieces - first);
        origin[messages++] = entry;
    }

    private void flush(final TxQueue tx) {
        int done = 0;
        while (done < messages) {
            final int sent = Sockets.sendmmsg(socket.fd(), batch.message(done), messages - done, Sockets.MSG_DONTWAIT);
            if (sent > 0) {
                done += sent;
            } else if (sent != -Errno.EINTR) {
                tx.refused[origin[done++]] = reason(sent);
            }
        }
        messages = 0;
        pieces = 0;
    }

    private static int reason(final int error) {
        final DropReason reason =
                switch (-error) {
                    case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM -> DropReason.PORT_FULL;
                    case Errno.ENETDOWN, Errno.ENXIO, Errno.ENODEV -> DropReason.PORT_DOWN;
                    case Errno.EMSGSIZE -> DropReason.TOO_BIG_FOR_PORT;
                    default -> DropReason.PORT_ERROR;
                };
        return reason.ordinal();
    }

    PacketSocket socket() {
        return socket;
    }

    void close() {
        batch.close();
    }
}
