package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixMessage;
import io.weft.dataplane.sys.UnixSocket;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the fuzzer drives: a message parser and two ring walkers, fed with bytes that mean whatever they mean. Each call
 * is one input; an exception or a wild access is a finding. {@link VhostFuzzTest} runs them under Jazzer for a fixed time, and
 * {@code ./verify --fuzz} for as long as one likes.
 */
public final class VhostFuzz {
    private static final int MAX_INPUT = 4096;
    private static final int REGION = 1 << 20;
    /** Pages of the region that only the device may write, and only where a chain says so. */
    private static final int RING = 16;

    private static final long BUFFER = Mem.allocate(2 * MAX_INPUT, Long.BYTES);

    private VhostFuzz() {}

    /** Jazzer's entry: the first byte chooses the target. */
    public static void fuzzerTestOneInput(final byte[] input) {
        if (input.length > 0 && input.length <= MAX_INPUT) {
            final ByteBuffer bytes =
                    ByteBuffer.wrap(input, 1, input.length - 1).slice().order(ByteOrder.LITTLE_ENDIAN);
            switch (input[0] & 3) {
                case 0 -> session(bytes);
                case 1 -> ring(bytes, false);
                case 2 -> ring(bytes, true);
                default -> started(bytes);
            }
        }
    }

    // Messages

    /** Messages of a new connection. */
    static void session(final ByteBuffer input) {
        try (Session session = new Session()) {
            session.feed(input);
        }
    }

    /** Messages to a device that is served: memory and two rings are there. */
    static void started(final ByteBuffer input) {
        try (Session session = new Session()) {
            session.start();
            session.feed(input);
        }
    }

    /**
     * A device and the other end of its socket. Input: for each message a byte (bit 7: raw bytes follow instead of a
     * message), the number of descriptors and which, and the message, whose fields are drawn from small ranges often.
     */
    private static final class Session implements AutoCloseable {
        private final ManualReactor reactor;
        private final RecordingHandler handler = new RecordingHandler();
        private final VhostDevice device;
        private final UnixMessage message = new UnixMessage();
        private final int memory = Libc.memfd("fuzz", REGION);
        private final int small = Libc.memfd("fuzz", 100);
        private final int other;

        Session() {
            try {
                reactor = new ManualReactor();
                device = new VhostDevice(
                        DeviceRig.settings("/nowhere", VhostDevice.Role.SERVER),
                        handler,
                        DeviceRecord.open(null, 8, line -> {}),
                        reactor);
                final int[] pair = UnixSocket.pair();
                device.begin(pair[0]);
                other = pair[1];
            } catch (final IOException e) {
                throw new IllegalStateException(e);
            }
        }

        void start() {
            send(Request.SET_PROTOCOL_FEATURES, RawFrontend.words(Requests.OFFERED));
            send(Request.SET_FEATURES, RawFrontend.words(DeviceRig.SPLIT | VirtioFeatures.PROTOCOL_FEATURES));
            send(Request.SET_MEM_TABLE, DeviceRig.table(1, DeviceRig.GUEST, REGION, DeviceRig.USER, 0), memory);
            for (int ring = 0; ring < 2; ring++) {
                send(Request.SET_VRING_NUM, RawFrontend.state(ring, RING));
                send(Request.SET_VRING_ADDR, DeviceRig.address(ring, 0, 0));
                send(Request.SET_VRING_KICK, RawFrontend.words(ring | 1 << 8));
                send(Request.SET_VRING_ENABLE, RawFrontend.state(ring, 1));
            }
        }

        private void send(final int request, final byte[] payload, final int... fds) {
            write(RawFrontend.bytes(request, Request.VERSION, payload), fds);
            reactor.pump();
        }

        private void write(final byte[] bytes, final int... fds) {
            Mem.copy(bytes, 0, BUFFER, bytes.length);
            message.send(other, BUFFER, bytes.length, fds);
        }

        void feed(final ByteBuffer input) {
            while (input.remaining() >= 4) {
                final int control = input.get();
                final int[] fds = new int[(control & 15) < 10 ? control & 3 : control & 15];
                for (int i = 0; i < fds.length; i++) {
                    fds[i] = (control >> i & 16) != 0 ? small : memory;
                }
                if (control < 0) {
                    final int wanted = input.get() & 0xff;
                    final byte[] raw = new byte[Math.min(input.remaining(), wanted)];
                    input.get(raw);
                    write(raw, fds);
                } else {
                    structured(input, fds);
                }
                reactor.pump();
                serve();
            }
        }

        private void structured(final ByteBuffer input, final int[] fds) {
            final int request = input.get() & 63;
            final int flags = Request.VERSION | (input.get() & Request.NEED_REPLY);
            final byte[] payload = new byte[sizeOf(request, input.get() & 0xff)];
            final int given = Math.min(payload.length, input.remaining());
            input.get(payload, 0, given);
            // Words that begin with 0xfe are addresses that lie near the memory's edges.
            for (int w = 0; w + 8 <= payload.length; w += 8) {
                if (payload[w] == (byte) 0xfe) {
                    final long base = (payload[w + 1] & 1) == 0 ? DeviceRig.GUEST : DeviceRig.USER;
                    final long at = base + ((payload[w + 1] & 2) == 0 ? 0 : REGION) + payload[w + 2] * 256L;
                    ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder()).putLong(w, at);
                }
            }
            write(RawFrontend.bytes(request, flags, payload), fds);
        }

        private static int sizeOf(final int request, final int drawn) {
            if (drawn > 100) {
                return drawn;
            }
            return switch (request) {
                case Request.SET_MEM_TABLE -> 8 + 32 * (drawn % 10);
                case Request.SET_VRING_ADDR, Request.ADD_MEM_REG, Request.REM_MEM_REG -> 40;
                case Request.SET_LOG_BASE -> 16;
                case Request.GET_CONFIG, Request.SET_CONFIG -> 12 + drawn;
                case Request.GET_INFLIGHT_FD, Request.SET_INFLIGHT_FD -> 20 + 4 * (drawn & 1);
                case Request.GET_FEATURES,
                        Request.SET_OWNER,
                        Request.RESET_OWNER,
                        Request.GET_PROTOCOL_FEATURES,
                        Request.GET_QUEUE_NUM,
                        Request.RESET_DEVICE,
                        Request.GET_STATUS,
                        Request.GET_MAX_MEM_SLOTS -> 0;
                default -> 8;
            };
        }

        /** A worker's turn at the rings that are started. */
        private void serve() {
            for (final Virtqueue queue : java.util.List.copyOf(handler.queues.values())) {
                queue.fill(32);
                VhostFuzz.touch(queue);
                queue.complete();
                queue.requestKicks();
                queue.suppressKicks();
            }
        }

        @Override
        public void close() {
            Libc.close(other);
            reactor.pump();
            device.close();
            reactor.close();
            message.close();
            Libc.close(memory);
            Libc.close(small);
        }
    }

    // Rings

    private static GuestRam ram;
    private static RingRig[] rigs;

    /** Made once: every input begins with the same memory, wiped. */
    private static RingRig rig(final int which) {
        if (ram == null) {
            ram = new GuestRam()
                    .region(0x1_0000, GuestRam.USER_BASE, REGION, 0)
                    .region(0x1_0000 + REGION, GuestRam.USER_BASE + (1L << 32), REGION, 0);
            rigs = new RingRig[4];
            for (int i = 0; i < rigs.length; i++) {
                ram.allocateFrom(0x1_0000 + REGION + i * 0x1_0000L);
                rigs[i] = new RingRig(
                        ram,
                        i & 1,
                        VirtioFeatures.EVENT_IDX | (i < 2 ? 0 : VirtioFeatures.RING_PACKED),
                        RING,
                        RingRig.START);
            }
        }
        return rigs[which];
    }

    /**
     * Walks a ring. Input: a byte (bit 0: direction), 16 bytes for each of the ring's descriptors, an available index
     * and heads or event words, and what is left as an indirect table's entries and again and again as changes.
     */
    static void ring(final ByteBuffer input, final boolean packed) {
        if (input.remaining() < 1 + 16 * RING + 8) {
            return;
        }
        final RingRig rig = rig((input.get() & 1) + (packed ? 2 : 0));
        final long features =
                VirtioFeatures.INDIRECT_DESC | VirtioFeatures.EVENT_IDX | (packed ? VirtioFeatures.RING_PACKED : 0);
        final GuestRam guest = rig.ram;
        final long table = 0x1_0000 + 0x2000L;
        for (int i = 0; i < RING; i++) {
            descriptor(input, guest.host(rig.driver.descriptors) + 16L * i, table, packed);
        }
        final long available = guest.host(rig.driver.driver);
        Mem.fill(guest.host(rig.driver.device), 4, 0);
        Mem.putLongNative(available, input.getLong());
        for (long at = guest.host(table); input.remaining() >= 16 && at < guest.host(table) + 1024; at += 16) {
            descriptor(input, at, table, packed);
        }
        final RingSetup setup = rig.driver.setup(rig.index, features, rig.memory, false, rig.journal);
        rig.journal.end();
        final Virtqueue queue = Virtqueue.open(setup);
        for (int round = 0; round < 4; round++) {
            queue.fill(64);
            touch(queue);
            if (round == 1) {
                queue.rewind(queue.size / 2);
            }
            queue.complete();
            queue.requestKicks();
            queue.isEmpty();
        }
    }

    /** A descriptor whose address, with a first byte of 0xfe or 0xfd, lies at the memory's edge or at the table. */
    private static void descriptor(final ByteBuffer input, final long to, final long table, final boolean packed) {
        long address = input.getLong();
        long rest = input.getLong();
        if ((address & 0xff) == 0xfe) {
            address = 0x1_0000 + ((address & 0x100) == 0 ? REGION : 2L * REGION) - (address >>> 16 & 0xff);
            rest = rest & ~0xffff_0000L;
        } else if ((address & 0xff) == 0xfd) {
            address = table + (address >>> 8 & 0xf0);
            rest = rest & ~0xffff_f000L;
        } else if ((address & 0xff) == 0xfc) {
            address = 0x1_0000 + (address >>> 16 & 0xffff);
            rest = rest & ~0xffff_0000L;
        }
        if (packed && (address & 1) == 0) {
            // As if made available now.
            rest = (rest & ~(1L << 63)) | 1L << 55;
        }
        Mem.putLongNative(to, address);
        Mem.putLongNative(to + 8, rest);
    }

    /** Reads or writes every byte at the edges of what the queue says is the guest's, and checks that it adds up. */
    static void touch(final Virtqueue queue) {
        int segments = 0;
        for (int k = 0; k < queue.size; k++) {
            long bytes = 0;
            if (queue.fault[k] != Virtqueue.OK && queue.segmentCount[k] != 0) {
                throw new IllegalStateException("a faulty chain has segments");
            }
            for (int s = queue.firstSegment[k]; s < queue.firstSegment[k] + queue.segmentCount[k]; s++) {
                final long last = queue.segmentAddress[s] + queue.segmentLength[s] - 1;
                if (queue.setup.isReceive()) {
                    Mem.putByte(queue.segmentAddress[s], 1);
                    Mem.putByte(last, 2);
                } else {
                    Mem.getByte(queue.segmentAddress[s]);
                    Mem.getByte(last);
                }
                if (queue.segmentLength[s] <= 0) {
                    throw new IllegalStateException("a segment of " + queue.segmentLength[s] + " bytes");
                }
                bytes += queue.segmentLength[s];
            }
            if (bytes != queue.bytes[k]) {
                throw new IllegalStateException("segments of " + bytes + " bytes, the chain says " + queue.bytes[k]);
            }
            segments += queue.segmentCount[k];
            queue.written[k] = queue.setup.isReceive() ? (int) bytes : 0;
        }
        if (segments > Virtqueue.SEGMENTS) {
            throw new IllegalStateException(segments + " segments");
        }
    }
}
