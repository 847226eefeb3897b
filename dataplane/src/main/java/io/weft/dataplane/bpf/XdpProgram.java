package io.weft.dataplane.bpf;

import static io.weft.dataplane.bpf.Assembler.ABOVE;
import static io.weft.dataplane.bpf.Assembler.BELOW;
import static io.weft.dataplane.bpf.Assembler.BYTE;
import static io.weft.dataplane.bpf.Assembler.EQUAL;
import static io.weft.dataplane.bpf.Assembler.HALF;
import static io.weft.dataplane.bpf.Assembler.LONG;
import static io.weft.dataplane.bpf.Assembler.MAP_LOOKUP;
import static io.weft.dataplane.bpf.Assembler.NOT_EQUAL;
import static io.weft.dataplane.bpf.Assembler.R0;
import static io.weft.dataplane.bpf.Assembler.R1;
import static io.weft.dataplane.bpf.Assembler.R10;
import static io.weft.dataplane.bpf.Assembler.R2;
import static io.weft.dataplane.bpf.Assembler.R3;
import static io.weft.dataplane.bpf.Assembler.R4;
import static io.weft.dataplane.bpf.Assembler.R6;
import static io.weft.dataplane.bpf.Assembler.R7;
import static io.weft.dataplane.bpf.Assembler.R8;
import static io.weft.dataplane.bpf.Assembler.R9;
import static io.weft.dataplane.bpf.Assembler.REDIRECT_MAP;
import static io.weft.dataplane.bpf.Assembler.WORD;

import io.weft.dataplane.sys.Bpf;

/**
 * What runs on each packet that a NIC received, before the kernel's stack: gives it to the AF_XDP socket of its queue, or
 * passes it on to the stack.
 *
 * <p>Shared with the kernel, a NIC gives us UDP to our addresses and tunnel ports and GRE that carries Ethernet (protocol
 * type 0x6558) to our addresses; everything else stays the kernel's: fragments, which are counted, and packets with IPv6
 * extension headers too. A NIC that is ours alone gives us everything. Which addresses and ports is in maps, so that
 * networks come and go while packets flow.
 */
final class XdpProgram {
    static final int VLAN_NONE = -1;

    private static final int CTX_DATA = 0;
    private static final int CTX_DATA_END = 4;
    private static final int CTX_QUEUE = 16;

    private static final int ETHER_TYPE = 12;
    private static final int TAG = 14;
    private static final int TAG_BYTES = 4;
    private static final int ETHERNET = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int TRANSPORT_BYTES = 4;
    private static final int ETHER_IPV4 = 0x0800;
    private static final int ETHER_IPV6 = 0x86dd;
    private static final int ETHER_VLAN = 0x8100;
    private static final int UDP = 17;
    private static final int GRE = 47;
    private static final int FRAGMENT_HEADER = 44;
    private static final int GRE_ETHERNET = 0x6558;

    /** The address to look up, on the stack. */
    private static final int KEY = -16;
    /** The port to look up, on the stack. */
    private static final int INDEX = -24;

    private final Assembler a = new Assembler();
    private final XdpMaps maps;
    private final int fallback;
    private final int pass = a.label();
    private final int tunnel = a.label();
    private final int fragment = a.label();

    private XdpProgram(final XdpMaps maps, final int fallback) {
        this.maps = maps;
        this.fallback = fallback;
    }

    /** @param fallback what becomes of a packet for us while its queue has no socket, an XDP action */
    static long[] all(final XdpMaps maps, final int fallback) {
        final XdpProgram program = new XdpProgram(maps, fallback);
        program.a.move(R6, R1);
        program.redirect();
        return program.a.assemble();
    }

    /** @param vlan tag that packets have, or {@link #VLAN_NONE} */
    static long[] tunnels(final XdpMaps maps, final int vlan, final int fallback) {
        final XdpProgram program = new XdpProgram(maps, fallback);
        program.ethernet(vlan);
        program.lookUp();
        return program.a.assemble();
    }

    /** R6: context, R7: where the Ethernet header's last byte would be without a tag, R8: end, R2: EtherType. */
    private void ethernet(final int vlan) {
        a.move(R6, R1);
        a.load(WORD, R7, R6, CTX_DATA);
        a.load(WORD, R8, R6, CTX_DATA_END);
        needs(ETHERNET + IPV4_BYTES + TRANSPORT_BYTES);
        a.load(HALF, R2, R7, ETHER_TYPE);
        a.number16(R2);
        if (vlan != VLAN_NONE) {
            a.jump(NOT_EQUAL, R2, ETHER_VLAN, pass);
            a.load(HALF, R2, R7, TAG);
            a.number16(R2);
            a.and(R2, 0xfff);
            a.jump(NOT_EQUAL, R2, vlan, pass);
            a.add(R7, TAG_BYTES);
            needs(ETHERNET + IPV4_BYTES + TRANSPORT_BYTES);
            a.load(HALF, R2, R7, ETHER_TYPE);
            a.number16(R2);
        }
        final int ipv6 = a.label();
        a.jump(EQUAL, R2, ETHER_IPV6, ipv6);
        a.jump(NOT_EQUAL, R2, ETHER_IPV4, pass);
        ipv4();
        a.here(ipv6);
        ipv6();
    }

    /** Leaves the address in the key, the protocol in R9, the transport header's address in R7; jumps to lookup. */
    private void ipv4() {
        a.load(BYTE, R3, R7, ETHERNET);
        a.move(R4, R3);
        a.shiftRight(R4, 4);
        a.jump(NOT_EQUAL, R4, 4, pass);
        a.and(R3, 0xf);
        a.jump(BELOW, R3, IPV4_BYTES / 4, pass);
        a.shiftLeft(R3, 2);
        a.load(BYTE, R9, R7, ETHERNET + 9);
        a.storeValue(LONG, R10, KEY, 0);
        a.storeValue(WORD, R10, KEY + 8, 0xffff0000);
        a.load(WORD, R2, R7, ETHERNET + 16);
        a.store(WORD, R10, KEY + 12, R2);
        a.load(HALF, R2, R7, ETHERNET + 6);
        a.number16(R2);
        a.and(R2, 0x3fff);
        a.jump(NOT_EQUAL, R2, 0, fragment);
        a.addRegister(R7, R3);
        a.add(R7, ETHERNET);
        a.jump(tunnel);
    }

    private void ipv6() {
        needs(ETHERNET + IPV6_BYTES + TRANSPORT_BYTES);
        a.load(BYTE, R9, R7, ETHERNET + 6);
        a.load(LONG, R2, R7, ETHERNET + 24);
        a.store(LONG, R10, KEY, R2);
        a.load(LONG, R2, R7, ETHERNET + 32);
        a.store(LONG, R10, KEY + 8, R2);
        a.load(BYTE, R2, R7, ETHERNET);
        a.shiftRight(R2, 4);
        a.jump(NOT_EQUAL, R2, 6, pass);
        final int whole = a.label();
        a.jump(NOT_EQUAL, R9, FRAGMENT_HEADER, whole);
        a.load(BYTE, R9, R7, ETHERNET + IPV6_BYTES);
        a.jump(fragment);
        a.here(whole);
        a.add(R7, ETHERNET + IPV6_BYTES);
        a.jump(tunnel);
    }

    private void lookUp() {
        final int gre = a.label();
        final int port = a.label();
        a.here(tunnel);
        needs(TRANSPORT_BYTES);
        a.load(HALF, R2, R7, 2);
        a.number16(R2);
        a.jump(EQUAL, R9, GRE, gre);
        a.jump(NOT_EQUAL, R9, UDP, pass);
        a.jump(port);
        a.here(gre);
        a.jump(NOT_EQUAL, R2, GRE_ETHERNET, pass);
        a.set(R2, XdpMaps.GRE);
        a.here(port);
        a.store(WORD, R10, INDEX, R2);
        isIn(maps.ports(), INDEX);
        a.load(LONG, R0, R0, 0);
        a.jump(EQUAL, R0, 0, pass);
        isIn(maps.addresses(), KEY);
        redirect();
        countFragment();
        a.here(pass);
        a.set(R0, Bpf.XDP_PASS);
        a.exit();
    }

    private void countFragment() {
        final int ours = a.label();
        a.here(fragment);
        a.jump(EQUAL, R9, UDP, ours);
        a.jump(NOT_EQUAL, R9, GRE, pass);
        a.here(ours);
        isIn(maps.addresses(), KEY);
        a.storeValue(WORD, R10, INDEX, XdpMaps.FRAGMENTS);
        isIn(maps.counters(), INDEX);
        a.set(R1, 1);
        a.atomicAdd(R0, 0, R1);
        a.jump(pass);
    }

    /** Passes packets of which less than this lies behind R7. */
    private void needs(final int bytes) {
        a.move(R3, R7);
        a.add(R3, bytes);
        a.jumpRegister(ABOVE, R3, R8, pass);
    }

    /** Looks up what lies on the stack; R0 is where the value is. Passes what is not there. */
    private void isIn(final int map, final int at) {
        a.map(R1, map);
        a.move(R2, R10);
        a.add(R2, at);
        a.call(MAP_LOOKUP);
        a.jump(EQUAL, R0, 0, pass);
    }

    private void redirect() {
        a.map(R1, maps.sockets());
        a.load(WORD, R2, R6, CTX_QUEUE);
        a.set(R3, fallback);
        a.call(REDIRECT_MAP);
        a.exit();
    }
}
