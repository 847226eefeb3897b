package io.weft.encap;

/**
 * An IPv4 or IPv6 address.
 *
 * @param family 4 or 6
 * @param hi the upper 64 bits of an IPv6 address; 0 for IPv4
 * @param lo the lower 64 bits of an IPv6 address; an IPv4 address in the lower 32 bits, the others 0
 */
public record IpAddress(int family, long hi, long lo) implements Comparable<IpAddress> {
    private static final long LOW = 0xffff_ffffL;

    public IpAddress {
        if (family != 4 && family != 6) {
            throw new IllegalArgumentException("an address is of family 4 or 6, not " + family);
        }
        if (family == 4 && (hi != 0 || lo >>> 32 != 0)) {
            throw new IllegalArgumentException("an IPv4 address has 32 bits");
        }
    }

    public static IpAddress v4(final int address) {
        return new IpAddress(4, 0, address & LOW);
    }

    public static IpAddress v6(final long hi, final long lo) {
        return new IpAddress(6, hi, lo);
    }

    /**
     * Reads a literal address; names are not looked up, zones and leading zeros in IPv4 are refused.
     *
     * @throws IllegalArgumentException with a text for the operator
     */
    public static IpAddress parse(final String text) {
        return IpText.parse(text);
    }

    public boolean isIpv4() {
        return family == 4;
    }

    public boolean isMulticast() {
        return family == 4 ? lo >>> 28 == 0xe : hi >>> 56 == 0xff;
    }

    /** Says whether all bits are 0. */
    public boolean isUnspecified() {
        return (hi | lo) == 0;
    }

    public boolean isLoopback() {
        return family == 4 ? lo >>> 24 == 127 : hi == 0 && lo == 1;
    }

    /** Returns the address as four or sixteen bytes. */
    public byte[] bytes() {
        final byte[] bytes = new byte[family == 4 ? 4 : 16];
        for (int i = 0; i < bytes.length; i++) {
            final int fromEnd = bytes.length - 1 - i;
            bytes[i] = (byte) ((fromEnd < 8 ? lo : hi) >>> (8 * (fromEnd & 7)));
        }
        return bytes;
    }

    /** Writes four or sixteen bytes in network order. */
    public void write(final long address) {
        if (family == 4) {
            Mem.putInt(address, (int) lo);
        } else {
            Mem.putLong(address, hi);
            Mem.putLong(address + 8, lo);
        }
    }

    /** Orders IPv4 before IPv6, then by unsigned value. */
    @Override
    public int compareTo(final IpAddress other) {
        if (family != other.family) {
            return Integer.compare(family, other.family);
        }
        final int high = Long.compareUnsigned(hi, other.hi);
        return high != 0 ? high : Long.compareUnsigned(lo, other.lo);
    }

    /** Returns the canonical text: dotted decimal, or RFC 5952. */
    @Override
    public String toString() {
        return IpText.format(this);
    }
}
