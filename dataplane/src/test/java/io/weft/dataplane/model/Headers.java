package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The headers of a frame, found step by step as IEEE 802.1Q, RFC 791, RFC 8200 and the transports' RFCs have them. The
 * model's own; nothing of the switch is asked.
 */
final class Headers {
    private static final int MAX_TAGS = 4;
    private static final int MAX_EXTENSIONS = 8;

    /** Shorter than its Ethernet header and tags. */
    boolean runt;

    long destination;
    long source;
    /** TPID and TCI of each tag. */
    final List<int[]> tags = new ArrayList<>();

    int type;
    /** 4 or 6 with a sound IP header, else 0. */
    int version;

    int ip = -1;
    int ipHeader;
    int ipEnd;
    int protocol = -1;
    int l4 = -1;
    int sourcePort;
    int destinationPort;
    /** An EtherType of IP and no sound header. */
    boolean malformed;

    boolean truncated;
    boolean noLength;
    boolean fragment;
    boolean laterFragment;
    /** IPv6 extension headers that a tunnel's packet may not have, or that cannot be walked. */
    boolean badExtensions;

    /** The chain of them does not end in what there is. */
    boolean extensionsCut;

    boolean extensions;

    private final byte[] bytes;
    private final int readable;

    /** @param readable bytes of the frame that the switch has before it; the rest is payload that it does not look at */
    Headers(final byte[] bytes, final int readable) {
        this.bytes = bytes;
        this.readable = Math.min(readable, bytes.length);
        ethernet();
    }

    Headers(final byte[] bytes) {
        this(bytes, bytes.length);
    }

    static long mac(final byte[] bytes, final int at) {
        return (long) u16(bytes, at) << 32 | (long) u16(bytes, at + 2) << 16 | u16(bytes, at + 4);
    }

    static boolean isGroup(final long mac) {
        return (mac >>> 40 & 1) != 0;
    }

    /** ECN field of the IP header, -1 without one. */
    int ecn() {
        return version == 0 ? -1 : version == 4 ? u8(bytes, ip + 1) & 3 : u8(bytes, ip + 1) >>> 4 & 3;
    }

    /** Whether anything speaks against cutting or checking what the IP packet holds. */
    boolean isOdd() {
        return truncated || noLength || fragment || badExtensions;
    }

    /** What the two directions of a flow have in common; null where a damaged packet has no clear flow. */
    String flow() {
        if (version == 0) {
            return malformed ? null : pair(Long.toHexString(source), Long.toHexString(destination)) + type;
        }
        if ((isOdd() && !fragment) || extensions) {
            return null;
        }
        final int at = ip + (version == 4 ? 12 : 8);
        final int size = version == 4 ? 4 : 16;
        final String from = HexFormat.of().formatHex(bytes, at, at + size);
        final String to = HexFormat.of().formatHex(bytes, at + size, at + 2 * size);
        return fragment
                ? pair(from, to) + protocol
                : pair(from + ":" + sourcePort, to + ":" + destinationPort) + protocol;
    }

    private static String pair(final String a, final String b) {
        return a.compareTo(b) <= 0 ? a + " " + b + " " : b + " " + a + " ";
    }

    private void ethernet() {
        if (readable < 14) {
            runt = true;
            return;
        }
        destination = mac(bytes, 0);
        source = mac(bytes, 6);
        int at = 12;
        type = u16(bytes, at);
        while (tags.size() < MAX_TAGS && (type == 0x8100 || type == 0x88a8)) {
            if (at + 6 > readable) {
                runt = true;
                return;
            }
            tags.add(new int[] {type, u16(bytes, at + 2)});
            at += 4;
            type = u16(bytes, at);
        }
        at += 2;
        if (type == 0x0800) {
            ipv4(at);
        } else if (type == 0x86dd) {
            ipv6(at);
        }
    }

    private void ipv4(final int at) {
        if (readable - at < 20 || u8(bytes, at) >>> 4 != 4) {
            malformed = true;
            return;
        }
        final int header = (u8(bytes, at) & 15) * 4;
        final int total = u16(bytes, at + 2);
        if (header < 20 || header > readable - at || (total != 0 && total < header)) {
            malformed = true;
            return;
        }
        version = 4;
        ip = at;
        ipHeader = header;
        protocol = u8(bytes, at + 9);
        end(total);
        final int word = u16(bytes, at + 6);
        fragment = (word & 0x3fff) != 0;
        laterFragment = (word & 0x1fff) != 0;
        if (!laterFragment) {
            transport(at + header, protocol);
        }
    }

    private void ipv6(final int at) {
        if (readable - at < 40 || u8(bytes, at) >>> 4 != 6) {
            malformed = true;
            return;
        }
        version = 6;
        ip = at;
        ipHeader = 40;
        protocol = u8(bytes, at + 6);
        final int payload = u16(bytes, at + 4);
        end(payload == 0 && protocol != 59 ? 0 : 40 + payload);
        int next = protocol;
        int from = at + 40;
        int left = MAX_EXTENSIONS;
        while (next == 0 || next == 43 || next == 44 || next == 51 || next == 60) {
            extensions = true;
            if (left-- == 0 || Math.min(readable, ipEnd) - from < 8) {
                badExtensions = true;
                extensionsCut = true;
                return;
            }
            final int kind = next;
            next = u8(bytes, from);
            protocol = next;
            int length = (u8(bytes, from + 1) + 1) * 8;
            if (kind == 44) {
                length = 8;
                final int word = u16(bytes, from + 2);
                fragment |= (word & 0xfff9) != 0;
                if ((word & 0xfff8) != 0) {
                    laterFragment = true;
                    return;
                }
            } else if (kind == 51) {
                length = (u8(bytes, from + 1) + 2) * 4;
                badExtensions = true;
            } else if (kind == 43 && u8(bytes, from + 3) != 0) {
                badExtensions = true;
            }
            from += length;
        }
        transport(from, next);
    }

    private void end(final int total) {
        noLength = total == 0;
        truncated = total > bytes.length - ip;
        ipEnd = noLength || truncated ? bytes.length : ip + total;
    }

    private void transport(final int at, final int next) {
        final int least =
                switch (next) {
                    case 6 -> 20;
                    case 17, 136, 1, 58 -> 8;
                    case 132, 33 -> 12;
                    case 47 -> 4;
                    default -> 0;
                };
        if (next == 59 || Math.min(readable, ipEnd) - at < least) {
            return;
        }
        l4 = at;
        if (next == 6 || next == 17 || next == 136 || next == 132 || next == 33) {
            sourcePort = u16(bytes, at);
            destinationPort = u16(bytes, at + 2);
        }
    }
}
