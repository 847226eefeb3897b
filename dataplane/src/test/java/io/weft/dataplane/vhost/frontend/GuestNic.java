package io.weft.dataplane.vhost.frontend;

import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.encap.Mem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A guest with a virtio-net device: frontend, memory, driver. Its receive buffers are filled with a pattern, and it is
 * an {@link IllegalStateException} when a byte of them changes that the device does not say it wrote.
 *
 * <p>For tests: it allocates as it likes. Owned by one thread.
 */
public final class GuestNic implements AutoCloseable {
    public static final int NEEDS_CSUM = 1;
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;

    /** MQ, LOG_SHMFD, RARP, REPLY_ACK, MTU, INFLIGHT_SHMFD, RESET_DEVICE, CONFIGURE_MEM_SLOTS. */
    public static final long PROTOCOL = 1L | 1L << 1 | 1L << 2 | 1L << 3 | 1L << 4 | 1L << 12 | 1L << 13 | 1L << 15;

    private static final int PATTERN = 0x5a;
    private static final long RAM = 128 << 20;
    private static final int SEND_SLOT = 70_000;
    private static final int SEND_SLOTS = 16;

    public final Frontend frontend;
    public final GuestRam ram;
    public final int pairs;
    /** By ring: 2n receives, 2n+1 sends. */
    public final DriverRing[] rings;

    private final EventFd[] kicks;
    private final EventFd[] calls;
    private final int ringSize;
    private final int bufferSize;
    private long[] receiveSlots;
    private long sendSlots;
    private long sent;
    private long features;

    /** A frame as the guest received it: the header's words, and the bytes. */
    public static final class Received {
        public final int pair;
        public final int flags;
        public final int gsoType;
        public final int gsoSize;
        public final int csumStart;
        public final int csumOffset;
        public final int numBuffers;
        public final byte[] frame;

        Received(final int pair, final byte[] header, final byte[] frame) {
            this.pair = pair;
            flags = header[0];
            gsoType = header[1] & 0xff;
            gsoSize = half(header, 4);
            csumStart = half(header, 6);
            csumOffset = half(header, 8);
            numBuffers = header.length < 12 ? 1 : half(header, 10);
            this.frame = frame;
        }

        private static int half(final byte[] bytes, final int at) {
            return (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8;
        }
    }

    /**
     * @param ringSize descriptors of each ring
     * @param bufferSize bytes of a receive buffer, the header's among them
     */
    public GuestNic(final Frontend frontend, final int pairs, final int ringSize, final int bufferSize) {
        this.frontend = frontend;
        this.pairs = pairs;
        this.ringSize = ringSize;
        this.bufferSize = bufferSize;
        ram = GuestRam.of(RAM);
        rings = new DriverRing[2 * pairs];
        kicks = new EventFd[2 * pairs];
        calls = new EventFd[2 * pairs];
    }

    /** Negotiates, shares the memory, fills the receive rings and starts and enables all. */
    public GuestNic start(final long wanted) throws ErrnoException {
        negotiate(wanted);
        boot();
        share();
        return this;
    }

    /** Agrees upon features. */
    public void negotiate(final long wanted) {
        features = frontend.negotiate(wanted | VirtioFeatures.PROTOCOL_FEATURES, PROTOCOL)
                & ~VirtioFeatures.PROTOCOL_FEATURES;
    }

    /** As a guest's driver that starts: rings and buffers anew, at the start of the memory. */
    public void boot() {
        ram.allocateFrom(0);
        receiveSlots = new long[pairs];
        sent = 0;
        for (int r = 0; r < rings.length; r++) {
            rings[r] = DriverRing.of(ram, ringSize, features);
            if ((r & 1) == 0) {
                final int buffers = ringSize / (splitsHeader() ? 2 : 1);
                receiveSlots[r >> 1] = ram.allocate((long) buffers * bufferSize, 4096);
                for (int b = 0; b < buffers; b++) {
                    post(r >> 1, receiveSlots[r >> 1] + (long) b * bufferSize);
                }
                rings[r].publish();
            }
        }
        sendSlots = ram.allocate((long) SEND_SLOTS * SEND_SLOT, 4096);
    }

    /** Tells the device where memory and rings are, from where they stand, and enables them. */
    public void share() throws ErrnoException {
        if (frontend.memory(ram) != 0) {
            throw new IllegalStateException("the device refused the memory");
        }
        for (int r = 0; r < rings.length; r++) {
            start(r, rings[r].base());
            frontend.enable(r, true);
        }
    }

    public void start(final int ring, final int base) throws ErrnoException {
        final EventFd[] fds = frontend.start(ram, ring, rings[ring], base);
        kicks[ring] = fds[0];
        calls[ring] = fds[1];
    }

    public long features() {
        return features;
    }

    public boolean has(final long feature) {
        return (features & feature) != 0;
    }

    /** Without VERSION_1 and ANY_LAYOUT the header has a descriptor of its own. */
    private boolean splitsHeader() {
        return !has(VirtioFeatures.VERSION_1) && !has(VirtioFeatures.ANY_LAYOUT);
    }

    public int headerLength() {
        return has(VirtioFeatures.VERSION_1) || has(VirtioFeatures.MRG_RXBUF) ? 12 : 10;
    }

    private void post(final int pair, final long slot) {
        Mem.fill(ram.host(slot), bufferSize, PATTERN);
        final DriverRing ring = rings[2 * pair];
        if (splitsHeader()) {
            ring.buffer(slot, headerLength(), true).buffer(slot + headerLength(), bufferSize - headerLength(), true);
        } else {
            ring.buffer(slot, bufferSize, true);
        }
        if (!ring.add(slot)) {
            throw new IllegalStateException("no room in receive ring " + pair);
        }
    }

    /** Sends a complete frame on queue pair 0. */
    public void send(final byte[] frame) {
        send(0, frame, 0, 0, 0, 0, 0);
    }

    /** Sends a frame with offload words and lets the switch work it off. */
    public void send(
            final int pair,
            final byte[] frame,
            final int flags,
            final int gsoType,
            final int gsoSize,
            final int csumStart,
            final int csumOffset) {
        queue(pair, frame, flags, gsoType, gsoSize, csumStart, csumOffset);
        flush(pair);
    }

    /** Puts a frame into the transmit ring, to be seen by the device with the next {@link #flush}. */
    public void queue(
            final int pair,
            final byte[] frame,
            final int flags,
            final int gsoType,
            final int gsoSize,
            final int csumStart,
            final int csumOffset) {
        final DriverRing ring = rings[2 * pair + 1];
        ring.collect(ringSize);
        final long slot = sendSlots + sent++ % SEND_SLOTS * SEND_SLOT;
        final long host = ram.host(slot);
        final int header = headerLength();
        Mem.fill(host, header, 0);
        Mem.putByte(host, flags);
        Mem.putByte(host + 1, gsoType);
        Mem.putShortNative(host + 2, Math.min(frame.length, 54));
        Mem.putShortNative(host + 4, gsoSize);
        Mem.putShortNative(host + 6, csumStart);
        Mem.putShortNative(host + 8, csumOffset);
        Mem.copy(frame, 0, host + header, frame.length);
        if (splitsHeader()) {
            ring.buffer(slot, header, false).buffer(slot + header, frame.length, false);
        } else {
            ring.buffer(slot, header + frame.length, false);
        }
        if (!ring.add(slot)) {
            throw new IllegalStateException("no room in transmit ring " + pair);
        }
    }

    public void flush(final int pair) {
        if (rings[2 * pair + 1].publish()) {
            kicks[2 * pair + 1].signal();
        }
        frontend.pump();
    }

    /** Whether the device signalled a ring since the last look. */
    public boolean wasCalled(final int ring) {
        return calls[ring].drain();
    }

    public EventFd kick(final int ring) {
        return kicks[ring];
    }

    /** All frames that were received on any pair since the last call; their buffers are posted again. */
    public List<Received> receive() {
        final List<Received> frames = new ArrayList<>();
        for (int pair = 0; pair < pairs; pair++) {
            receive(pair, frames);
        }
        return frames;
    }

    private void receive(final int pair, final List<Received> frames) {
        final DriverRing ring = rings[2 * pair];
        final int n = ring.collect(ringSize);
        final int header = headerLength();
        for (int i = 0; i < n; ) {
            final byte[] first = take(ring, i);
            if (first.length == 0) {
                throw new IllegalStateException("an empty receive buffer came back");
            }
            final byte[] words = Arrays.copyOf(first, header);
            byte[] frame = Arrays.copyOfRange(first, header, first.length);
            final int buffers = has(VirtioFeatures.MRG_RXBUF) ? (words[10] & 0xff) | (words[11] & 0xff) << 8 : 1;
            if (header == 12 && buffers < 1) {
                throw new IllegalStateException("num_buffers is " + buffers);
            }
            for (int b = 1; b < buffers; b++) {
                if (ring.length[i + b - 1] != bufferSize) {
                    throw new IllegalStateException("merged buffer is not full");
                }
                final byte[] more = take(ring, i + b);
                frame = Arrays.copyOf(frame, frame.length + more.length);
                System.arraycopy(more, 0, frame, frame.length - more.length, more.length);
            }
            frames.add(new Received(pair, words, frame));
            i += buffers;
        }
        for (int i = 0; i < n; i++) {
            post(pair, ring.cookie[i]);
        }
        if (ring.publish()) {
            kicks[2 * pair].signal();
        }
    }

    /** The bytes of a used buffer; what is behind them must be as it was. */
    private byte[] take(final DriverRing ring, final int i) {
        final byte[] all = Mem.bytes(ram.host(ring.cookie[i]), bufferSize);
        for (int b = ring.length[i]; b < bufferSize; b++) {
            if (all[b] != PATTERN) {
                throw new IllegalStateException(
                        "byte " + b + " of a receive buffer was written, of which " + ring.length[i] + " are used");
            }
        }
        return Arrays.copyOf(all, ring.length[i]);
    }

    /** Checks that the device wrote nowhere into receive buffers that it has. */
    public void checkUntouched() {
        final byte[] expected = new byte[bufferSize];
        Arrays.fill(expected, (byte) PATTERN);
        for (final long slots : receiveSlots) {
            for (int b = 0; b < ringSize / (splitsHeader() ? 2 : 1); b++) {
                if (!Arrays.equals(expected, Mem.bytes(ram.host(slots + (long) b * bufferSize), bufferSize))) {
                    throw new IllegalStateException("receive buffer " + b + " was written without being used");
                }
            }
        }
    }

    @Override
    public void close() {
        frontend.close();
        ram.close();
    }
}
