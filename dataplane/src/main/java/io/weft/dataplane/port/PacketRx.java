package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.Offload;
import io.weft.dataplane.sys.PacketSocket;
import io.weft.encap.Mem;

/**
 * The receiving half of a packet socket: frames are used where the kernel wrote them in the ring, and are the kernel's
 * again when the burst is done. A checksum that a sender on this machine left to its NIC is filled in here, so that the
 * frame is what it would be on a wire; an outer tag that the kernel took off is put back.
 *
 * <p>Owned by the worker; made and closed by the conductor.
 */
final class PacketRx {
    private static final int ETHERNET = 14;
    private static final int MACS = 12;
    private static final int TAG = 4;
    private static final int TPID = 0x8100;

    private final PacketSocket socket;
    private final long ring;
    private final int frames;
    private final int frameBytes;
    private int next;
    /** Frames before {@link #next} that the burst refers to. */
    private int held;

    PacketRx(final PacketSocket socket) {
        this.socket = socket;
        ring = socket.ring();
        frames = socket.frames();
        frameBytes = socket.frameBytes();
    }

    int receive(final Burst burst) {
        while (burst.size < Burst.CAPACITY) {
            final long frame = ring + (long) next * frameBytes;
            final int status = Mem.getIntAcquire(frame);
            if ((status & PacketSocket.STATUS_USER) == 0) {
                break;
            }
            take(burst, frame, status);
            next = next + 1 == frames ? 0 : next + 1;
            held++;
        }
        return burst.size;
    }

    private void take(final Burst burst, final long frame, final int status) {
        final int i = burst.size;
        final int whole = Mem.getIntNative(frame + PacketSocket.LENGTH);
        final int length = Mem.getIntNative(frame + PacketSocket.SNAP_LENGTH);
        final int at = Mem.getShortNative(frame + PacketSocket.MAC);
        if (length < ETHERNET || length > frameBytes - at) {
            burst.add(frame + at, 0);
            burst.refused[i] = DropReason.TOO_SHORT.ordinal();
            return;
        }
        burst.add(frame + at, length);
        if (length < whole) {
            burst.refused[i] = DropReason.TRUNCATED.ordinal();
            return;
        }
        VnetHeader.load(frame + at - PacketSocket.VNET, burst, i);
        if ((burst.vnetFlags[i] & Burst.NEEDS_CSUM) != 0 && !Offload.complete(burst, i)) {
            burst.refused[i] = DropReason.BAD_OFFLOAD.ordinal();
        }
        if ((status & PacketSocket.STATUS_VLAN_VALID) != 0) {
            tag(burst, i, Mem.getShortNative(frame + PacketSocket.VLAN_TCI));
        }
    }

    /** Over the virtio-net header, which was read. */
    private static void tag(final Burst burst, final int i, final int tci) {
        final long head = burst.head[i];
        Mem.copy(head, head - TAG, MACS);
        Mem.putShort(head - TAG + MACS, TPID);
        Mem.putShort(head - TAG + MACS + 2, tci);
        burst.head[i] -= TAG;
        burst.headLength[i] += TAG;
        burst.length[i] += TAG;
    }

    void release() {
        int frame = next - held;
        frame = frame < 0 ? frame + frames : frame;
        for (int i = 0; i < held; i++) {
            Mem.putIntRelease(ring + (long) frame * frameBytes, 0);
            frame = frame + 1 == frames ? 0 : frame + 1;
        }
        held = 0;
    }

    PacketSocket socket() {
        return socket;
    }
}
