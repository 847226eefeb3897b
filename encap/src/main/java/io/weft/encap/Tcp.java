package io.weft.encap;

/**
 * The TCP header (RFC 9293, section 3.1).
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Source port          |       Destination port        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                        Sequence number                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                    Acknowledgment number                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Offset| Rsrvd |C|E|U|A|P|R|S|F|            Window             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Checksum            |        Urgent pointer         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Tcp {
    public static final int SOURCE_PORT = 0;
    public static final int DESTINATION_PORT = 2;
    public static final int SEQUENCE = 4;
    public static final int ACKNOWLEDGMENT = 8;
    public static final int DATA_OFFSET = 12;
    public static final int FLAGS = 13;
    public static final int WINDOW = 14;
    public static final int CHECKSUM = 16;
    public static final int URGENT = 18;
    public static final int MIN_HEADER_LENGTH = 20;

    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int URG = 0x20;
    public static final int ECE = 0x40;
    public static final int CWR = 0x80;

    private Tcp() {}

    public static int sourcePort(final long address) {
        return Mem.getShort(address + SOURCE_PORT);
    }

    public static int destinationPort(final long address) {
        return Mem.getShort(address + DESTINATION_PORT);
    }

    public static int sequence(final long address) {
        return Mem.getInt(address + SEQUENCE);
    }

    public static void sequence(final long address, final int sequence) {
        Mem.putInt(address + SEQUENCE, sequence);
    }

    public static int acknowledgment(final long address) {
        return Mem.getInt(address + ACKNOWLEDGMENT);
    }

    /** Returns the header's length in bytes, options with it: 0..60, of which less than 20 is malformed. */
    public static int headerLength(final long address) {
        return Mem.getByte(address + DATA_OFFSET) >>> 4 << 2;
    }

    public static int flags(final long address) {
        return Mem.getByte(address + FLAGS);
    }

    public static void flags(final long address, final int flags) {
        Mem.putByte(address + FLAGS, flags);
    }

    public static int window(final long address) {
        return Mem.getShort(address + WINDOW);
    }

    public static int checksum(final long address) {
        return Mem.getShort(address + CHECKSUM);
    }

    public static void checksum(final long address, final int checksum) {
        Mem.putShort(address + CHECKSUM, checksum);
    }
}
