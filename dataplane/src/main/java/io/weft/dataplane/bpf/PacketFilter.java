package io.weft.dataplane.bpf;

import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A packet socket's filter in the kernel's classic virtual machine: takes what {@link XdpFilter} takes of a NIC that is
 * shared with the kernel. The kernel has taken the outer tag off before; it is asked for. An instruction is one long as
 * {@code struct sock_filter} has it in native order.
 *
 * <p>Owned by the conductor.
 */
public final class PacketFilter {
    private static final int LD_WORD = 0x20;
    private static final int LD_HALF = 0x28;
    private static final int LD_BYTE = 0x30;
    /** Loads from where the index register says. */
    private static final int LD_HALF_X = 0x48;

    private static final int LDX_VALUE = 0x01;
    /** Puts the IPv4 header's length into the index register. */
    private static final int LDX_IPV4_LENGTH = 0xb1;

    private static final int AND = 0x54;
    private static final int JUMP = 0x05;
    private static final int IF_EQUAL = 0x15;
    private static final int RETURN = 0x06;
    /** Loads from here on are not of the packet ({@code SKF_AD_OFF}). */
    private static final int ANCILLARY = -0x1000;

    private static final int VLAN_TAG = ANCILLARY + 44;
    private static final int VLAN_PRESENT = ANCILLARY + 48;
    private static final int WHOLE = 0x40000;

    private static final int ETHERNET = 14;
    private static final int IPV6_BYTES = 40;
    private static final int UDP = 17;
    private static final int GRE = 47;
    private static final int GRE_ETHERNET = 0x6558;

    private final List<Long> code = new ArrayList<>();
    private final List<int[]> jumps = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private final Collection<Integer> udpPorts;
    private final boolean gre;
    private final Collection<IpAddress> destinations;
    private final int accept = label();
    private final int refuse = label();

    private PacketFilter(
            final Collection<Integer> udpPorts, final boolean gre, final Collection<IpAddress> destinations) {
        this.udpPorts = udpPorts;
        this.gre = gre;
        this.destinations = destinations;
    }

    /**
     * @param vlan outer tag, or {@link XdpFilter#VLAN_NONE}
     * @param gre whether GRE that carries Ethernet is taken
     */
    public static long[] tunnels(
            final int vlan,
            final Collection<Integer> udpPorts,
            final boolean gre,
            final Collection<IpAddress> destinations) {
        final PacketFilter filter = new PacketFilter(udpPorts, gre, destinations);
        filter.vlan(vlan);
        final int ipv6 = filter.label();
        filter.emit(LD_HALF, 12);
        filter.goIf(0x86dd, ipv6);
        filter.goUnless(0x0800, filter.refuse);
        filter.ipv4();
        filter.here(ipv6);
        filter.ipv6();
        filter.here(filter.refuse);
        filter.emit(RETURN, 0);
        filter.here(filter.accept);
        filter.emit(RETURN, WHOLE);
        return filter.assemble();
    }

    private void vlan(final int vlan) {
        emit(LD_WORD, VLAN_PRESENT);
        if (vlan == XdpFilter.VLAN_NONE) {
            goUnless(0, refuse);
            return;
        }
        goIf(0, refuse);
        emit(LD_WORD, VLAN_TAG);
        emit(AND, 0xfff);
        goUnless(vlan, refuse);
    }

    private void ipv4() {
        final int found = label();
        emit(LD_HALF, ETHERNET + 6);
        emit(AND, 0x3fff);
        goUnless(0, refuse);
        emit(LD_WORD, ETHERNET + 16);
        for (final IpAddress address : destinations) {
            if (address.isIpv4()) {
                goIf((int) address.lo(), found);
            }
        }
        go(refuse);
        here(found);
        emit(LDX_IPV4_LENGTH, ETHERNET);
        transport(ETHERNET + 9);
    }

    private void ipv6() {
        final int found = label();
        for (final IpAddress address : destinations) {
            if (!address.isIpv4()) {
                final int other = label();
                for (int word = 0; word < 4; word++) {
                    final long half = word < 2 ? address.hi() : address.lo();
                    emit(LD_WORD, ETHERNET + 24 + 4 * word);
                    goUnless((int) (word % 2 == 0 ? half >>> 32 : half), other);
                }
                go(found);
                here(other);
            }
        }
        go(refuse);
        here(found);
        emit(LDX_VALUE, IPV6_BYTES);
        transport(ETHERNET + 6);
    }

    /** The index register has the IP header's length. */
    private void transport(final int protocol) {
        final int isGre = label();
        emit(LD_BYTE, protocol);
        goIf(GRE, isGre);
        goUnless(UDP, refuse);
        emit(LD_HALF_X, ETHERNET + 2);
        for (final int port : udpPorts) {
            goIf(port, accept);
        }
        go(refuse);
        here(isGre);
        if (gre) {
            emit(LD_HALF_X, ETHERNET + 2);
            goIf(GRE_ETHERNET, accept);
        }
        go(refuse);
    }

    private int label() {
        labels.add(0);
        return labels.size() - 1;
    }

    private void here(final int label) {
        labels.set(label, code.size());
    }

    private void emit(final int opcode, final int value) {
        code.add(opcode | (long) value << 32);
    }

    private void go(final int label) {
        jumps.add(new int[] {code.size(), label});
        emit(JUMP, 0);
    }

    // Conditional jumps reach 255 instructions, others all: a condition leaps over the jump, or not.

    private void goIf(final int value, final int label) {
        code.add(IF_EQUAL | 1L << 24 | (long) value << 32);
        go(label);
    }

    private void goUnless(final int value, final int label) {
        code.add(IF_EQUAL | 1L << 16 | (long) value << 32);
        go(label);
    }

    private long[] assemble() {
        final long[] program = code.stream().mapToLong(Long::longValue).toArray();
        for (final int[] jump : jumps) {
            program[jump[0]] |= (labels.get(jump[1]) - jump[0] - 1L) << 32;
        }
        return program;
    }
}
