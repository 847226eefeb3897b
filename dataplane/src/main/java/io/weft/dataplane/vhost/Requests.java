package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.FdList;
import io.weft.dataplane.sys.Libc;
import io.weft.encap.Mem;
import java.util.ArrayList;
import java.util.List;

/**
 * What each request does: reads its payload, checks it, changes the {@link DeviceState}, answers.
 *
 * <p>Owned by the thread that runs the device.
 */
final class Requests {
    /** Protocol features (vhost-user, "Protocol features"). */
    static final long MQ = 1L;

    static final long LOG_SHMFD = 1L << 1;
    static final long RARP = 1L << 2;
    static final long REPLY_ACK = 1L << 3;
    static final long MTU = 1L << 4;
    static final long CONFIG = 1L << 9;
    static final long INFLIGHT_SHMFD = 1L << 12;
    static final long RESET_DEVICE = 1L << 13;
    static final long CONFIGURE_MEM_SLOTS = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long OFFERED = MQ
            | LOG_SHMFD
            | RARP
            | REPLY_ACK
            | MTU
            | CONFIG
            | INFLIGHT_SHMFD
            | RESET_DEVICE
            | CONFIGURE_MEM_SLOTS
            | STATUS;

    private static final int RING_MASK = 0xff;
    private static final int NO_FD = 1 << 8;
    private static final long RESERVED = -1L << 9;
    private static final int MIN_MTU = 68;
    private static final int MAX_MTU = 65_535;
    private static final int MIGRATION = 1;

    private final VhostDevice.Settings settings;
    private final VhostHandler handler;
    private final DeviceState state;
    private final VhostSession session;
    private final Teller teller;
    private long protocol;
    private long status;

    Requests(
            final VhostDevice.Settings settings,
            final VhostHandler handler,
            final DeviceState state,
            final VhostSession session,
            final Teller teller) {
        this.settings = settings;
        this.handler = handler;
        this.state = state;
        this.session = session;
        this.teller = teller;
    }

    /** Whether the frontend waits for an answer that has no other payload than whether the request was obeyed. */
    boolean isAnswerWanted(final int number) {
        return (protocol & REPLY_ACK) != 0 && (session.flags() & Request.NEED_REPLY) != 0 && !hasReply(number);
    }

    void acknowledge(final int number, final long result) throws VhostSession.Closed {
        reply(number, result);
    }

    void obey(final int number) throws Refusal, VhostSession.Closed {
        // Asked before: SET_PROTOCOL_FEATURES may switch answers on for what comes after it.
        final boolean answer = isAnswerWanted(number);
        switch (number) {
            case Request.GET_FEATURES -> reply(number, state.offered());
            case Request.SET_FEATURES -> state.setFeatures(word(0));
            case Request.SET_OWNER, Request.RESET_OWNER -> {}
            case Request.SET_MEM_TABLE -> setMemTable();
            case Request.SET_LOG_BASE -> setLogBase();
            case Request.SET_LOG_FD -> state.setLogFd(one());
            case Request.SET_VRING_NUM -> state.setSize(ring(), half(4) & 0xffffffffL);
            case Request.SET_VRING_ADDR -> state.setAddresses(ring(), half(4), word(8), word(24), word(16), word(32));
            case Request.SET_VRING_BASE -> state.setBase(ring(), half(4));
            case Request.GET_VRING_BASE -> getVringBase();
            case Request.SET_VRING_KICK -> state.setKick(ringOfWord(), one());
            case Request.SET_VRING_CALL -> state.setCall(ringOfWord(), one());
            case Request.SET_VRING_ERR -> state.setError(ringOfWord(), one());
            case Request.GET_PROTOCOL_FEATURES -> reply(number, OFFERED);
            case Request.SET_PROTOCOL_FEATURES -> setProtocolFeatures(word(0));
            case Request.GET_QUEUE_NUM -> reply(number, settings.queuePairs());
            case Request.SET_VRING_ENABLE -> setVringEnable();
            case Request.SEND_RARP -> handler.sendRarp(Mem.getLong(session.payload()) >>> 16);
            case Request.NET_SET_MTU -> setMtu(word(0));
            case Request.GET_CONFIG -> getConfig();
            case Request.SET_CONFIG -> setConfig();
            case Request.GET_INFLIGHT_FD -> getInflight();
            case Request.SET_INFLIGHT_FD -> setInflight();
            case Request.RESET_DEVICE -> resetDevice();
            case Request.GET_MAX_MEM_SLOTS -> {
                need(CONFIGURE_MEM_SLOTS, "CONFIGURE_MEM_SLOTS");
                reply(number, MemoryTable.SLOTS);
            }
            case Request.ADD_MEM_REG -> addMemory();
            case Request.REM_MEM_REG -> removeMemory();
            case Request.SET_STATUS -> setStatus(word(0));
            case Request.GET_STATUS -> {
                need(STATUS, "STATUS");
                reply(number, status);
            }
            default -> throw Refusal.malformed("it is unknown");
        }
        if (answer) {
            acknowledge(number, 0);
        }
    }

    private boolean hasReply(final int number) {
        return switch (number) {
            case Request.GET_FEATURES,
                    Request.GET_PROTOCOL_FEATURES,
                    Request.GET_VRING_BASE,
                    Request.GET_QUEUE_NUM,
                    Request.GET_CONFIG,
                    Request.GET_INFLIGHT_FD,
                    Request.GET_MAX_MEM_SLOTS,
                    Request.GET_STATUS -> true;
            case Request.SET_LOG_BASE -> (protocol & LOG_SHMFD) != 0;
            default -> false;
        };
    }

    // Reading

    private long word(final int offset) {
        return Mem.getLongNative(session.payload() + offset);
    }

    private int half(final int offset) {
        return Mem.getIntNative(session.payload() + offset);
    }

    private Ring ring() throws Refusal {
        return state.ring(half(0) & 0xffffffffL);
    }

    /** The ring of SET_VRING_KICK, CALL and ERR, whose payload must fit what came with it. */
    private Ring ringOfWord() throws Refusal {
        final long value = word(0);
        if ((value & RESERVED) != 0) {
            throw Refusal.malformed("bits above 8 are set in 0x" + Long.toHexString(value));
        }
        final int wanted = (value & NO_FD) == 0 ? 1 : 0;
        if (session.fds().size() != wanted) {
            throw Refusal.malformed(session.fds().size() + " descriptors came with it, it says " + wanted);
        }
        if (wanted == 1 && !EventFd.isOne(session.fds().get(0))) {
            // Of other files nobody knows how long it takes to look at them, or to write.
            throw Refusal.malformed("the descriptor is no eventfd");
        }
        return state.ring(value & RING_MASK);
    }

    /** The only descriptor of the message, or -1 where none came. */
    private int one() {
        return session.fds().size() == 0 ? -1 : session.fds().take(0);
    }

    private void needFd() throws Refusal {
        if (session.fds().size() != 1) {
            throw Refusal.malformed("no descriptor came with it");
        }
    }

    private void need(final long feature, final String name) throws Refusal {
        if ((protocol & feature) == 0) {
            throw Refusal.malformed("protocol feature " + name + " was not negotiated");
        }
    }

    private MemoryTable.Wanted region(final int offset) {
        return new MemoryTable.Wanted(word(offset), word(offset + 8), word(offset + 16), word(offset + 24));
    }

    // Answering

    private void reply(final int number, final long value) throws VhostSession.Closed {
        Mem.putLongNative(session.answer(), value);
        session.reply(number, Long.BYTES);
    }

    // Requests

    private void setProtocolFeatures(final long value) throws Refusal {
        if ((value & ~OFFERED) != 0) {
            throw Refusal.malformed("protocol features that were not offered: 0x" + Long.toHexString(value & ~OFFERED));
        }
        protocol = value;
    }

    private void setMemTable() throws Refusal {
        final FdList fds = session.fds();
        final long count = half(0) & 0xffffffffL;
        if (count > Request.TABLE_REGIONS
                || session.payloadSize() < 8 + count * Request.REGION_BYTES
                || fds.size() != count) {
            throw Refusal.malformed(
                    count + " regions in " + session.payloadSize() + " bytes with " + fds.size() + " descriptors");
        }
        final List<MemoryTable.Wanted> wanted = new ArrayList<>();
        final int[] taken = new int[fds.size()];
        for (int r = 0; r < taken.length; r++) {
            wanted.add(region(8 + r * Request.REGION_BYTES));
            taken[r] = fds.take(r);
        }
        state.setMemory(wanted, taken);
    }

    private void addMemory() throws Refusal {
        need(CONFIGURE_MEM_SLOTS, "CONFIGURE_MEM_SLOTS");
        needFd();
        state.addMemory(region(8), one());
    }

    /** QEMU before 8.1 removes a region once for every queue pair: then it is gone already. */
    private void removeMemory() throws Refusal {
        need(CONFIGURE_MEM_SLOTS, "CONFIGURE_MEM_SLOTS");
        final MemoryTable.Wanted gone = region(8);
        if (settings.queuePairs() == 1 || state.hasMemory(gone)) {
            state.removeMemory(gone);
        }
    }

    private void setLogBase() throws Refusal, VhostSession.Closed {
        if ((protocol & LOG_SHMFD) == 0 || session.payloadSize() != 16) {
            throw Refusal.malformed("a log that is no shared memory (LOG_SHMFD)");
        }
        needFd();
        long result = 0;
        try {
            state.setLog(session.fds().get(0), word(0), word(8));
            session.fds().take(0);
        } catch (final Refusal refused) {
            teller.tell("refused SET_LOG_BASE: " + refused.getMessage());
            result = 1;
        }
        reply(Request.SET_LOG_BASE, result);
    }

    private void getVringBase() throws Refusal, VhostSession.Closed {
        final Ring ring = ring();
        final int base = state.getBase(ring);
        Mem.putIntNative(session.answer(), ring.index);
        Mem.putIntNative(session.answer() + 4, base);
        session.reply(Request.GET_VRING_BASE, Long.BYTES);
    }

    private void setVringEnable() throws Refusal {
        final int value = half(4);
        if (value != 0 && value != 1) {
            throw Refusal.malformed("value " + Integer.toUnsignedString(value));
        }
        state.enable(ring(), value == 1);
    }

    private void setMtu(final long mtu) throws Refusal {
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw Refusal.soft("MTU " + Long.toUnsignedString(mtu) + ", it may be " + MIN_MTU + " to " + MAX_MTU);
        }
        final String refusal = handler.setMtu((int) mtu);
        if (refusal != null) {
            throw Refusal.soft(refusal);
        }
    }

    private void getConfig() throws Refusal, VhostSession.Closed {
        need(CONFIG, "CONFIG");
        final long offset = half(0) & 0xffffffffL;
        final long size = half(4) & 0xffffffffL;
        // An answer without payload says that there is no such field.
        int length = 0;
        if (offset + size <= Request.MAX_CONFIG) {
            Mem.copy(session.payload(), session.answer(), Request.CONFIG_HEADER);
            NetConfig.write(settings, session.answer() + Request.CONFIG_HEADER, (int) offset, (int) size);
            length = Request.CONFIG_HEADER + (int) size;
        }
        session.reply(Request.GET_CONFIG, length);
    }

    private void setConfig() throws Refusal {
        need(CONFIG, "CONFIG");
        if (half(8) != MIGRATION) {
            throw Refusal.of("the configuration of a network device is not the driver's to write");
        }
    }

    private void getInflight() throws Refusal, VhostSession.Closed {
        need(INFLIGHT_SHMFD, "INFLIGHT_SHMFD");
        final int rings = Mem.getShortNative(session.payload() + 16);
        final int size = Mem.getShortNative(session.payload() + 18);
        checkInflight(rings, size);
        final int fd = Inflight.create(rings, size, state.isPacked());
        try {
            Mem.copy(session.payload(), session.answer(), session.payloadSize());
            Mem.putLongNative(session.answer(), rings * Inflight.stride(size, state.isPacked()));
            Mem.putLongNative(session.answer() + 8, 0);
            session.reply(Request.GET_INFLIGHT_FD, session.payloadSize(), fd);
        } finally {
            Libc.close(fd);
        }
    }

    private void setInflight() throws Refusal {
        need(INFLIGHT_SHMFD, "INFLIGHT_SHMFD");
        needFd();
        final int rings = Mem.getShortNative(session.payload() + 16);
        final int size = Mem.getShortNative(session.payload() + 18);
        checkInflight(rings, size);
        final Inflight region = Inflight.map(session.fds().get(0), word(0), word(8), rings, size, state.isPacked());
        session.fds().take(0);
        state.setInflight(region);
    }

    private void checkInflight(final int rings, final int size) throws Refusal {
        if (rings == 0 || rings > 2 * settings.queuePairs() || size == 0 || size > Ring.MAX_SIZE) {
            throw Refusal.malformed("inflight region for " + rings + " rings of " + size + " descriptors");
        }
    }

    private void resetDevice() throws Refusal {
        need(RESET_DEVICE, "RESET_DEVICE");
        status = 0;
        state.reset();
    }

    private void setStatus(final long value) throws Refusal {
        need(STATUS, "STATUS");
        if ((value & ~0xffL) != 0) {
            throw Refusal.malformed("status 0x" + Long.toHexString(value));
        }
        status = value;
        if (value == 0) {
            state.stopRings();
        }
    }
}
