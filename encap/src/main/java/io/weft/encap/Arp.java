package io.weft.encap;

/**
 * ARP for IPv4 over Ethernet (RFC 826). The fields after the operation have these places only where
 * {@link #isEthernetIpv4} holds.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |         Hardware type         |         Protocol type         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  HW length    | Proto length  |           Operation           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |        Sender hardware (6), sender protocol (4),              |
 * |        target hardware (6), target protocol (4)               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Arp {
    public static final int HARDWARE_TYPE = 0;
    public static final int PROTOCOL_TYPE = 2;
    public static final int HARDWARE_LENGTH = 4;
    public static final int PROTOCOL_LENGTH = 5;
    public static final int OPERATION = 6;
    public static final int SENDER_MAC = 8;
    public static final int SENDER_IP = 14;
    public static final int TARGET_MAC = 18;
    public static final int TARGET_IP = 24;
    public static final int LENGTH = 28;

    public static final int REQUEST = 1;
    public static final int REPLY = 2;

    private static final long ETHERNET_IPV4 = 0x0001_0800_0604L;

    private Arp() {}

    /** Says whether the first six bytes announce Ethernet and IPv4 addresses. */
    public static boolean isEthernetIpv4(final long address) {
        return Mem.getLong(address) >>> 16 == ETHERNET_IPV4;
    }

    public static int operation(final long address) {
        return Mem.getShort(address + OPERATION);
    }

    public static long senderMac(final long address) {
        return Ethernet.getMac(address + SENDER_MAC);
    }

    public static int senderIp(final long address) {
        return Mem.getInt(address + SENDER_IP);
    }

    public static long targetMac(final long address) {
        return Ethernet.getMac(address + TARGET_MAC);
    }

    public static int targetIp(final long address) {
        return Mem.getInt(address + TARGET_IP);
    }

    /** Writes all 28 bytes. */
    public static void write(
            final long address,
            final int operation,
            final long senderMac,
            final int senderIp,
            final long targetMac,
            final int targetIp) {
        Mem.putLong(address, ETHERNET_IPV4 << 16 | operation);
        Ethernet.putMac(address + SENDER_MAC, senderMac);
        Mem.putInt(address + SENDER_IP, senderIp);
        Ethernet.putMac(address + TARGET_MAC, targetMac);
        Mem.putInt(address + TARGET_IP, targetIp);
    }
}
