package io.weft.dataplane.underlay;

import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.Ipv4;
import io.weft.encap.Mem;
import io.weft.encap.OuterPacket;
import io.weft.encap.Udp;

/**
 * The outer headers of the last good packet of a burst. Most packets come in runs from one peer to one address and port:
 * for one that says the same in all that decides, what was found for the last holds as well, and only what differs from
 * packet to packet is checked: lengths and checksums.
 *
 * <p>For packets without a tag, over IPv4 without options, whole, GRE or UDP without a checksum; others are never alike.
 *
 * <p>Owned by the worker.
 */
final class LastOuter {
    private static final int L4 = Ethernet.HEADER_LENGTH + Ipv4.MIN_HEADER_LENGTH;
    /** Bytes that are looked at. */
    private static final int LENGTH = L4 + Udp.HEADER_LENGTH;

    private static final long LOW = 0xffff_ffffL;
    /** Of bytes 16 to 23 (length, identification, fragment, TTL, protocol): what makes a fragment, and the protocol. */
    private static final long FRAGMENT_AND_PROTOCOL = 0x3fff_00ffL;
    /** Of bytes 24 to 31 (checksum, source, half of the destination): the addresses. */
    private static final long ADDRESSES = 0xffff_ffff_ffffL;
    /** Of bytes 32 to 39 (half of the destination, UDP's ports and length): the address, and UDP's destination port. */
    private static final long ADDRESS = 0xffff_0000_0000_0000L;

    private static final long ADDRESS_AND_PORT = ADDRESS | 0xffff_0000L;

    private boolean known;
    private boolean udp;
    private long destinationAndSource;
    private long sourceTypeAndService;
    private long protocol;
    private long addresses;
    private long port;

    void forget() {
        known = false;
    }

    /** Keeps the headers of a packet that was taken. */
    void keep(final long address, final OuterPacket packet) {
        known = packet.frame.l3 == Ethernet.HEADER_LENGTH
                && packet.frame.ipVersion == 4
                && packet.frame.ipHeaderLength == Ipv4.MIN_HEADER_LENGTH
                && packet.frame.length >= LENGTH;
        if (!known) {
            return;
        }
        udp = packet.protocol == Ipv4.PROTOCOL_UDP;
        destinationAndSource = Mem.getLong(address);
        sourceTypeAndService = Mem.getLong(address + 8);
        protocol = Mem.getLong(address + 16) & FRAGMENT_AND_PROTOCOL;
        addresses = Mem.getLong(address + 24) & ADDRESSES;
        port = Mem.getLong(address + 32) & (udp ? ADDRESS_AND_PORT : ADDRESS);
    }

    /**
     * Says whether a packet is sound and decided by the same as the last.
     *
     * @param available bytes that can be read
     * @return bytes of its payload, which begins at {@link #payload}; -1 if it has to be parsed
     */
    int payloadLength(final long address, final int available, final int length) {
        if (!known || available < LENGTH) {
            return -1;
        }
        final long second = Mem.getLong(address + 8);
        final long third = Mem.getLong(address + 16);
        final long fourth = Mem.getLong(address + 24);
        final long fifth = Mem.getLong(address + 32);
        if (Mem.getLong(address) != destinationAndSource
                || second != sourceTypeAndService
                || (third & FRAGMENT_AND_PROTOCOL) != protocol
                || (fourth & ADDRESSES) != addresses
                || (fifth & (udp ? ADDRESS_AND_PORT : ADDRESS)) != port) {
            return -1;
        }
        final int total = (int) (third >>> 48);
        final int sum = Checksum.fold(
                (second & 0xffff) + (third >>> 32) + (third & LOW) + (fourth >>> 32) + (fourth & LOW) + (fifth >>> 48));
        if (total > length - Ethernet.HEADER_LENGTH || !Checksum.isRight(sum)) {
            return -1;
        }
        final int room = total - Ipv4.MIN_HEADER_LENGTH;
        if (!udp) {
            return room >= Udp.HEADER_LENGTH ? room : -1;
        }
        final int datagram = (int) fifth & 0xffff;
        final boolean sound = datagram >= Udp.HEADER_LENGTH && datagram <= room;
        return sound && Udp.checksum(address + L4) == 0 ? datagram - Udp.HEADER_LENGTH : -1;
    }

    /** Offset of the tunnel header. */
    int payload() {
        return udp ? LENGTH : L4;
    }
}
