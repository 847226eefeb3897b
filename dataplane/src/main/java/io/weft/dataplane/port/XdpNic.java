package io.weft.dataplane.port;

import io.weft.dataplane.api.NicMode;
import io.weft.dataplane.bpf.XdpFilter;
import io.weft.dataplane.sys.Bpf;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.XdpSocket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How AF_XDP is opened on a NIC: the program attached in the best mode that works, a socket bound to each queue. Errors
 * say what to do.
 *
 * <p>Owned by the conductor.
 */
final class XdpNic {
    /** Entries of each ring: more than 1,024 gained nothing on one core, and cost the second-level cache. */
    private static final int ENTRIES = 1024;

    private static final int BUSY_TRIES = 100;
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final int SMALL = 2048;
    private static final int LARGE = 4096;

    private final String device;
    private final NicMode wanted;
    private final int mtu;
    private final boolean isLarge;
    private boolean isNative;

    XdpNic(final String device, final NicMode wanted, final int mtu) {
        this.device = device;
        this.wanted = wanted;
        this.mtu = mtu;
        isLarge = needsSeveralFrames(mtu);
    }

    /** Whether packets of that MTU lie in several frames of the packet memory, and buffers of the driver. */
    static boolean needsSeveralFrames(final int mtu) {
        return XdpChannel.maxFrame(mtu) > LARGE - XdpSocket.HEADROOM;
    }

    /** Runs the program on the device; afterwards {@link #isNative} is known. */
    void attach(final XdpFilter filter, final int ifindex) throws ErrnoException {
        int result = -Errno.EOPNOTSUPP;
        if (wanted != NicMode.SKB) {
            result = filter.attach(ifindex, Bpf.XDP_FLAGS_DRV_MODE);
            isNative = result == 0;
        }
        final boolean fallsBack = wanted == NicMode.AUTO && result != -Errno.EBUSY;
        if (!isNative && (wanted == NicMode.SKB || fallsBack)) {
            result = filter.attach(ifindex, Bpf.XDP_FLAGS_SKB_MODE);
        }
        if (result < 0) {
            throw new ErrnoException(device + ": " + attachFault(result), result);
        }
    }

    private String attachFault(final int result) {
        return switch (-result) {
            case Errno.EBUSY, Errno.EEXIST ->
                "another XDP program is attached: `ip link show dev " + device + "` names it, `ip link set dev "
                        + device + " xdp off` takes it off";
            case Errno.EPERM -> "no XDP program may be attached: needs CAP_NET_ADMIN, or root";
            case Errno.EOPNOTSUPP -> "its driver has no XDP: use mode: skb";
            case Errno.ERANGE, Errno.EINVAL ->
                "its driver does not run XDP at MTU " + mtu + ": set a smaller one, or use mode: skb";
            default -> Errno.message("attach of the XDP program", result);
        };
    }

    /** A socket of a queue, bound and with its rings filled; the program does not know it yet. */
    XdpChannel open(final int ifindex, final int queue) throws ErrnoException {
        final int frame = XdpChannel.maxFrame(mtu) > SMALL - XdpSocket.HEADROOM ? LARGE : SMALL;
        final XdpSocket socket = new XdpSocket(ENTRIES, frame);
        try {
            int result = socket.bind(ifindex, queue, flags());
            // The kernel lets go of a queue some time after its socket was closed.
            for (int i = 0; i < BUSY_TRIES && result == -Errno.EBUSY; i++) {
                LockSupport.parkNanos(BUSY_NANOS);
                result = socket.bind(ifindex, queue, flags());
            }
            if (result < 0) {
                throw new ErrnoException(device + ": " + bindFault(queue, result), result);
            }
            return new XdpChannel(socket, mtu);
        } catch (final ErrnoException failed) {
            socket.close();
            throw failed;
        }
    }

    private int flags() {
        final int copy = !isNative ? XdpSocket.COPY : wanted == NicMode.ZERO_COPY ? XdpSocket.ZEROCOPY : 0;
        return copy | XdpSocket.USE_NEED_WAKEUP | (isLarge ? XdpSocket.USE_SG : 0);
    }

    private String bindFault(final int queue, final int result) {
        return switch (-result) {
            case Errno.EBUSY -> "queue " + queue + " is in use by another AF_XDP socket";
            case Errno.EOPNOTSUPP ->
                "its driver cannot do AF_XDP " + (wanted == NicMode.ZERO_COPY ? "zero-copy: use mode: native" : "")
                        + (isLarge ? " at MTU " + mtu + ": at most " + maxMtu() + " fits one frame" : "");
            case Errno.EINVAL ->
                "queue " + queue + " cannot be bound"
                        + (isLarge
                                ? ": packets in several frames need Linux 6.6; at most MTU " + maxMtu() + " fits one"
                                : "");
            default -> Errno.message("AF_XDP socket of queue " + queue, result);
        };
    }

    private static int maxMtu() {
        return LARGE - XdpSocket.HEADROOM - XdpChannel.maxFrame(0);
    }

    boolean isNative() {
        return isNative;
    }
}
