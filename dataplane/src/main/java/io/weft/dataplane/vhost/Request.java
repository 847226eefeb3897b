package io.weft.dataplane.vhost;

/**
 * The requests of a frontend (vhost-user, "Front-end message types"), with what a message of each may look like.
 *
 * <p>Header, in the host's byte order: request 4, flags 4 (version in bits 0-1, reply in bit 2, need_reply in bit 3),
 * size of the payload 4.
 */
final class Request {
    static final int HEADER = 12;
    static final int FLAGS = 4;
    static final int SIZE = 8;

    static final int VERSION = 1;
    static final int VERSION_MASK = 3;
    static final int REPLY = 1 << 2;
    static final int NEED_REPLY = 1 << 3;

    static final int GET_FEATURES = 1;
    static final int SET_FEATURES = 2;
    static final int SET_OWNER = 3;
    static final int RESET_OWNER = 4;
    static final int SET_MEM_TABLE = 5;
    static final int SET_LOG_BASE = 6;
    static final int SET_LOG_FD = 7;
    static final int SET_VRING_NUM = 8;
    static final int SET_VRING_ADDR = 9;
    static final int SET_VRING_BASE = 10;
    static final int GET_VRING_BASE = 11;
    static final int SET_VRING_KICK = 12;
    static final int SET_VRING_CALL = 13;
    static final int SET_VRING_ERR = 14;
    static final int GET_PROTOCOL_FEATURES = 15;
    static final int SET_PROTOCOL_FEATURES = 16;
    static final int GET_QUEUE_NUM = 17;
    static final int SET_VRING_ENABLE = 18;
    static final int SEND_RARP = 19;
    static final int NET_SET_MTU = 20;
    static final int GET_CONFIG = 24;
    static final int SET_CONFIG = 25;
    static final int GET_INFLIGHT_FD = 31;
    static final int SET_INFLIGHT_FD = 32;
    static final int RESET_DEVICE = 34;
    static final int GET_MAX_MEM_SLOTS = 36;
    static final int ADD_MEM_REG = 37;
    static final int REM_MEM_REG = 38;
    static final int SET_STATUS = 39;
    static final int GET_STATUS = 40;

    /** Regions that one SET_MEM_TABLE can have. */
    static final int TABLE_REGIONS = 8;

    static final int REGION_BYTES = 32;
    /** Bytes of configuration that GET_CONFIG and SET_CONFIG can carry. */
    static final int MAX_CONFIG = 256;

    static final int CONFIG_HEADER = 12;
    /** Bytes of the longest payload. */
    static final int MAX_PAYLOAD = CONFIG_HEADER + MAX_CONFIG;

    private static final Request[] ALL = new Request[GET_STATUS + 1];
    private static final String[] OTHERS = new String[64];

    static {
        one(GET_FEATURES, "GET_FEATURES", 0, 0, 0);
        one(SET_FEATURES, "SET_FEATURES", 8, 8, 0);
        one(SET_OWNER, "SET_OWNER", 0, 0, 0);
        one(RESET_OWNER, "RESET_OWNER", 0, 0, 0);
        one(SET_MEM_TABLE, "SET_MEM_TABLE", 8, 8 + TABLE_REGIONS * REGION_BYTES, TABLE_REGIONS);
        one(SET_LOG_BASE, "SET_LOG_BASE", 8, 16, 1);
        one(SET_LOG_FD, "SET_LOG_FD", 0, 8, 1);
        one(SET_VRING_NUM, "SET_VRING_NUM", 8, 8, 0);
        one(SET_VRING_ADDR, "SET_VRING_ADDR", 40, 40, 0);
        one(SET_VRING_BASE, "SET_VRING_BASE", 8, 8, 0);
        one(GET_VRING_BASE, "GET_VRING_BASE", 8, 8, 0);
        one(SET_VRING_KICK, "SET_VRING_KICK", 8, 8, 1);
        one(SET_VRING_CALL, "SET_VRING_CALL", 8, 8, 1);
        one(SET_VRING_ERR, "SET_VRING_ERR", 8, 8, 1);
        one(GET_PROTOCOL_FEATURES, "GET_PROTOCOL_FEATURES", 0, 0, 0);
        one(SET_PROTOCOL_FEATURES, "SET_PROTOCOL_FEATURES", 8, 8, 0);
        one(GET_QUEUE_NUM, "GET_QUEUE_NUM", 0, 0, 0);
        one(SET_VRING_ENABLE, "SET_VRING_ENABLE", 8, 8, 0);
        one(SEND_RARP, "SEND_RARP", 8, 8, 0);
        one(NET_SET_MTU, "NET_SET_MTU", 8, 8, 0);
        one(GET_CONFIG, "GET_CONFIG", CONFIG_HEADER, MAX_PAYLOAD, 0);
        one(SET_CONFIG, "SET_CONFIG", CONFIG_HEADER, MAX_PAYLOAD, 0);
        // 20 bytes, and 24 from those who send the C structure as it lies in memory.
        one(GET_INFLIGHT_FD, "GET_INFLIGHT_FD", 20, 24, 0);
        one(SET_INFLIGHT_FD, "SET_INFLIGHT_FD", 20, 24, 1);
        one(RESET_DEVICE, "RESET_DEVICE", 0, 0, 0);
        one(GET_MAX_MEM_SLOTS, "GET_MAX_MEM_SLOTS", 0, 0, 0);
        one(ADD_MEM_REG, "ADD_MEM_REG", 40, 40, 1);
        one(REM_MEM_REG, "REM_MEM_REG", 40, 40, 1);
        one(SET_STATUS, "SET_STATUS", 8, 8, 0);
        one(GET_STATUS, "GET_STATUS", 0, 0, 0);
        // Names of what is not offered, for whoever reads the refusal.
        OTHERS[21] = "SET_BACKEND_REQ_FD";
        OTHERS[22] = "IOTLB_MSG";
        OTHERS[23] = "SET_VRING_ENDIAN";
        OTHERS[26] = "CREATE_CRYPTO_SESSION";
        OTHERS[27] = "CLOSE_CRYPTO_SESSION";
        OTHERS[28] = "POSTCOPY_ADVISE";
        OTHERS[29] = "POSTCOPY_LISTEN";
        OTHERS[30] = "POSTCOPY_END";
        OTHERS[33] = "GPU_SET_SOCKET";
        OTHERS[35] = "VRING_KICK";
        OTHERS[41] = "GET_SHARED_OBJECT";
        OTHERS[42] = "SET_DEVICE_STATE_FD";
        OTHERS[43] = "CHECK_DEVICE_STATE";
    }

    private final String name;
    private final int least;
    private final int most;
    private final int fds;

    private Request(final String name, final int least, final int most, final int fds) {
        this.name = name;
        this.least = least;
        this.most = most;
        this.fds = fds;
    }

    private static void one(final int number, final String name, final int least, final int most, final int fds) {
        ALL[number] = new Request(name, least, most, fds);
    }

    static String name(final int number) {
        if (isKnown(number)) {
            return ALL[number].name;
        }
        final String other = number >= 0 && number < OTHERS.length ? OTHERS[number] : null;
        return other == null ? "request " + Integer.toUnsignedString(number) : other;
    }

    static boolean isKnown(final int number) {
        return number > 0 && number < ALL.length && ALL[number] != null;
    }

    /** Descriptors that a message of this kind may bring. */
    static int fds(final int number) {
        return ALL[number].fds;
    }

    /** Checks a header, before its payload is read. */
    static void check(final int number, final int flags, final int size) throws Refusal {
        if ((flags & VERSION_MASK) != VERSION) {
            throw Refusal.malformed("version " + (flags & VERSION_MASK) + " of the protocol, there is only " + VERSION);
        }
        if ((flags & REPLY) != 0) {
            throw Refusal.malformed("it is marked as a reply, and nothing was asked");
        }
        if (!isKnown(number)) {
            throw Refusal.malformed(
                    number > 0 && number < OTHERS.length && OTHERS[number] != null
                            ? "it is not offered"
                            : "it is unknown");
        }
        final Request request = ALL[number];
        if (size < request.least || size > request.most) {
            throw Refusal.malformed("payload of " + Integer.toUnsignedString(size) + " bytes, it has "
                    + (request.least == request.most ? request.most : request.least + " to " + request.most));
        }
    }
}
