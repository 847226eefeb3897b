import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Makes the frames that no honest peer sends: {@code java MakeFrames.java CASE}. Always the same bytes. Each inner frame
 * says in its payload what it is for, so that an output explains itself (tcpdump -A).
 */
final class MakeFrames {
    private static final String A = "020000000001";
    private static final String B = "020000000002";
    private static final String HOST1 = "02000000aa01";
    private static final String ROUTER = "02000000bb02";
    private static final String IP1 = "0a010001";
    private static final String IP2 = "0a020001";
    private static final String STRANGER = "0a090001";
    private static final String V6_1 = "fd000001000000000000000000000001";
    private static final String V6_2 = "fd000002000000000000000000000001";
    private static final int VNI = 5001;
    private static final HexFormat HEX = HexFormat.of();

    private final List<byte[]> underlay = new ArrayList<>();
    private final List<byte[]> machine = new ArrayList<>();

    public static void main(final String[] args) throws IOException {
        final MakeFrames made = new MakeFrames();
        switch (args[0]) {
            case "made-vxlan" -> made.vxlanFrames();
            case "made-nvgre" -> made.nvgreFrames();
            case "made-geneve" -> made.geneveFrames();
            case "made-ecn" -> made.ecnFrames();
            case "made-machine" -> made.machineFrames();
            default -> throw new IllegalArgumentException("no case " + args[0]);
        }
        made.write(Path.of(args[0], "in-underlay.pcap"), made.underlay);
        made.write(Path.of(args[0], "in-a.pcap"), made.machine);
    }

    private void vxlanFrames() {
        final byte[] head = vxlan(0x08, 0, VNI, 0);
        vxlan4("plain", head);
        vxlan4("V2 other flags and reserved fields set", vxlan(0xff, 0xabcdef, VNI, 0x5a));
        vxlan4("V2 I flag not set", vxlan(0xf7, 0, VNI, 0));
        vxlan4("V12 VNI of nobody", vxlan(0x08, 0, VNI + 1, 0));
        underlay.add(outer4(STRANGER, IP1, 17, udp4(STRANGER, IP1, 4789, cat(head, inner("from an endpoint that is no peer")), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, inner("V7 UDP checksum right")), 1)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, inner("V7 UDP checksum wrong")), -1)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4790, cat(head, inner("UDP port of another protocol")), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, tagged(10, "V10 inner tag, VLAN 10")), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, tagged(0, "V10 inner priority tag")), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, hex("08000000"), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, hex(A + B + "08")), 0)));
        underlay.add(changed(vxlan4Frame("UDP length beyond the packet", head), f -> put16(f, 38, 1400)));
        underlay.add(changed(vxlan4Frame("IP length beyond the frame", head), f -> ipSum(put16(f, 16, 1400))));
        underlay.add(changed(vxlan4Frame("V9 first outer fragment", head), f -> ipSum(put16(f, 20, 0x2000))));
        underlay.add(changed(vxlan4Frame("V9 later outer fragment", head), f -> ipSum(put16(f, 20, 0x0003))));
        underlay.add(changed(vxlan4Frame("outer IPv4 header checksum wrong", head), f -> put16(f, 24, 0x1234)));
        underlay.add(outer4(IP2, "0a010063", 17, udp4(IP2, "0a010063", 4789, cat(head, inner("outer destination is not this host")), 0)));
        underlay.add(outer4Options(udp4(IP2, IP1, 4789, cat(head, inner("outer IPv4 header with an option")), 0)));
        underlay.add(outer6(17, udp6(4789, cat(head, inner("over IPv6, checksum right")), 1)));
        underlay.add(outer6(17, udp6(4789, cat(head, inner("U2 over IPv6, checksum zero")), 0)));
        underlay.add(outer6(17, udp6(4789, cat(head, inner("U4 over IPv6, checksum wrong")), -1)));
        vxlan4("plain, at the end: the switch still forwards", head);
    }

    private void vxlan4(final String text, final byte[] head) {
        underlay.add(vxlan4Frame(text, head));
    }

    private static byte[] vxlan4Frame(final String text, final byte[] head) {
        return outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, inner(text)), 0));
    }

    private void nvgreFrames() {
        final int key = VNI << 8;
        gre4("plain", 0x2000, 0x6558, key);
        gre4("N4 FlowID 0x5a", 0x2000, 0x6558, key | 0x5a);
        gre4("N4 FlowID 0xff", 0x2000, 0x6558, key | 0xff);
        underlay.add(outer4(IP2, IP1, 47, cat(hex("a0006558" + "00000000"), int32(key), inner("N1 C set, checksum field there"))));
        underlay.add(outer4(IP2, IP1, 47, cat(hex("30006558"), int32(key), hex("00000001"), inner("N1 S set, sequence number there"))));
        underlay.add(outer4(IP2, IP1, 47, cat(hex("00006558"), inner("N1 K not set"))));
        gre4("N1 version 1", 0x2001, 0x6558, key);
        gre4("N1 routing bit set", 0x6000, 0x6558, key);
        gre4("N1 reserved bit set", 0x2080, 0x6558, key);
        gre4("N1 protocol IPv4", 0x2000, 0x0800, key);
        gre4("VSID of nobody", 0x2000, 0x6558, (VNI + 1) << 8);
        underlay.add(outer4(STRANGER, IP1, 47, cat(hex("20006558"), int32(key), inner("from an endpoint that is no peer"))));
        underlay.add(outer4(IP2, IP1, 47, cat(hex("20006558"), int32(key), tagged(10, "N5 inner tag, VLAN 10"))));
        underlay.add(outer4(IP2, IP1, 47, cat(hex("20006558"), int32(key), tagged(0, "N5 inner priority tag"))));
        underlay.add(outer4(IP2, IP1, 47, hex("20006558" + "0013")));
        underlay.add(outer4(IP2, IP1, 47, cat(hex("20006558"), int32(key), hex(A + B))));
        underlay.add(changed(gre4Frame("N7 first outer fragment", 0x2000, 0x6558, key), f -> ipSum(put16(f, 20, 0x2000))));
        underlay.add(changed(gre4Frame("N7 later outer fragment", 0x2000, 0x6558, key), f -> ipSum(put16(f, 20, 0x0003))));
        underlay.add(outer6(47, cat(hex("20006558"), int32(key | 7), inner("N6 over IPv6"))));
        gre4("plain, at the end: the switch still forwards", 0x2000, 0x6558, key);
    }

    private void gre4(final String text, final int flags, final int protocol, final int key) {
        underlay.add(gre4Frame(text, flags, protocol, key));
    }

    private static byte[] gre4Frame(final String text, final int flags, final int protocol, final int key) {
        return outer4(IP2, IP1, 47, cat(int32(flags << 16 | protocol), int32(key), inner(text)));
    }

    private void geneveFrames() {
        final String none = "";
        geneve("plain", 0, 0, 0x6558, VNI, none);
        geneve("G1 version 1", 0x4000, 0, 0x6558, VNI, none);
        geneve("G2 O set, a control packet", 0x0080, 0, 0x6558, VNI, none);
        geneve("G5 an option that need not be understood", 0, 2, 0x6558, VNI, "0102010100000001");
        geneve("G3 C set, but the option need not be understood", 0x0040, 2, 0x6558, VNI, "0102010100000001");
        geneve("G4 C set, an unknown option that must be understood", 0x0040, 2, 0x6558, VNI, "0102810100000001");
        geneve("G4 a critical option, C wrongly not set", 0, 2, 0x6558, VNI, "0102810100000001");
        geneve("G7 option longer than all options", 0x0040, 2, 0x6558, VNI, "0102010300000001");
        geneve("G7 option without data", 0x0040, 1, 0x6558, VNI, "01020100");
        geneve("G6 reserved bits set, in the base and an option", 0x003f, 2, 0x6558, VNI, "010201e100000001", 0x5a);
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 6081, cat(hex("3f006558" + "00138900"), inner("G8 options beyond the packet")), 0)));
        geneve("G10 protocol IPv4", 0, 0, 0x0800, VNI, none);
        geneve("VNI of nobody", 0, 0, 0x6558, VNI + 1, none);
        final byte[] head = geneveHead(0, 0, 0x6558, VNI, none, 0);
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 6081, cat(head, inner("G13 UDP checksum right")), 1)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 6081, cat(head, inner("G13 UDP checksum wrong")), -1)));
        underlay.add(outer4(STRANGER, IP1, 17, udp4(STRANGER, IP1, 6081, cat(head, inner("from an endpoint that is no peer")), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 6081, cat(head, tagged(10, "inner tag, VLAN 10")), 0)));
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 6081, hex("00006558"), 0)));
        underlay.add(outer6(17, udp6(6081, cat(head, inner("over IPv6, checksum right")), 1)));
        underlay.add(outer6(17, udp6(6081, cat(head, inner("G14 over IPv6, checksum zero")), 0)));
        geneve("plain, at the end: the switch still forwards", 0, 0, 0x6558, VNI, none);
    }

    private void geneve(
            final String text, final int flags, final int words, final int protocol, final int vni, final String options) {
        geneve(text, flags, words, protocol, vni, options, 0);
    }

    private void geneve(
            final String text,
            final int flags,
            final int words,
            final int protocol,
            final int vni,
            final String options,
            final int reserved) {
        final byte[] head = geneveHead(flags, words, protocol, vni, options, reserved);
        underlay.add(outer4(IP2, IP1, 17, udp4(IP2, IP1, 6081, cat(head, inner(text)), 0)));
    }

    private static byte[] geneveHead(
            final int flags, final int words, final int protocol, final int vni, final String options, final int reserved) {
        return cat(int32((flags | words << 8) << 16 | protocol), int32(vni << 8 | reserved), hex(options));
    }

    /** RFC 6040: the 16 pairs of inner and outer ECN over IPv4, then IPv6 and what is not IP; machine a sends all four. */
    private void ecnFrames() {
        final String[] names = {"Not-ECT", "ECT(1)", "ECT(0)", "CE"};
        final byte[] head = vxlan(0x08, 0, VNI, 0);
        for (int in = 0; in < 4; in++) {
            for (int out = 0; out < 4; out++) {
                final byte[] inner = ether(A, B, 0x0800, ip4("c0a80702", "c0a80701", 17, in, udpText("inner " + names[in] + " outer " + names[out])));
                final byte[] frame = outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, inner), 0));
                final int ecn = out;
                underlay.add(changed(frame, f -> ipSum(put8(f, 15, ecn))));
            }
        }
        for (int in = 0; in < 4; in++) {
            final byte[] inner = ether(A, B, 0x86dd, ip6(in, udpText("IPv6 inner " + names[in] + " outer CE")));
            final byte[] frame = outer4(IP2, IP1, 17, udp4(IP2, IP1, 4789, cat(head, inner), 0));
            underlay.add(changed(frame, f -> ipSum(put8(f, 15, 3))));
        }
        underlay.add(changed(vxlan4Frame("E7 not IP, outer CE", head), f -> ipSum(put8(f, 15, 3))));
        for (int in = 0; in < 4; in++) {
            machine.add(ether(B, A, 0x0800, ip4("c0a80701", "c0a80702", 17, in, udpText("E1 out " + names[in]))));
            machine.add(ether(B, A, 0x86dd, ip6(in, udpText("E1 IPv6 out " + names[in]))));
        }
    }

    /** What a machine may send: damaged, tagged, too long, and flows for the entropy. */
    private void machineFrames() {
        machine.add(text(B, A, "plain"));
        machine.add(hex(B + A));
        machine.add(text(B, "000000000000", "source address zero"));
        machine.add(text(B, "030000000001", "source address a group"));
        machine.add(text("0180c2000000", A, "to bridges only"));
        machine.add(text("ffffffffffff", A, "broadcast"));
        machine.add(text("01005e000001", A, "multicast"));
        machine.add(tag(text(B, A, "V11 VLAN 10 on an access port"), 0x8100, 10));
        machine.add(tag(text(B, A, "V11 priority tag"), 0x8100, 0));
        machine.add(tag(tag(text(B, A, "two tags"), 0x8100, 10), 0x88a8, 20));
        machine.add(text(B, A, "long ".repeat(300)));
        machine.add(text(B, A, "too long ".repeat(180)));
        machine.add(ether(B, A, 0x0800, hex("4500")));
        machine.add(changed(ether(B, A, 0x0800, ip4("c0a80701", "c0a80702", 17, 0, udpText("IP length beyond the frame"))), f -> put16(f, 16, 1400)));
        machine.add(ether(B, A, 0x86dd, hex("6000")));
        machine.add(ether(B, A, 0x0806, hex("0001")));
        for (int flow = 0; flow < 8; flow++) {
            for (int again = 0; again < 2; again++) {
                final byte[] udp = udpText("V4 flow " + flow);
                put16(udp, 0, 1000 + flow);
                machine.add(ether(B, A, 0x0800, ip4("c0a80701", "c0a80702", 17, 0, udp)));
            }
        }
        machine.add(text(A, B, "to itself, from another address"));
        underlay.add(vxlan4Frame("b is behind 10.2.0.1", vxlan(0x08, 0, VNI, 0)));
    }

    // Building blocks. Offsets below count from the frame's first byte.

    private static byte[] inner(final String text) {
        return text(A, B, text);
    }

    private static byte[] tagged(final int vlan, final String text) {
        return tag(inner(text), 0x8100, vlan);
    }

    /** A frame of the EtherType that is set aside for experiments, with text. */
    private static byte[] text(final String destination, final String source, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ether(destination, source, 0x88b5, java.util.Arrays.copyOf(bytes, Math.max(bytes.length, 46)));
    }

    private static byte[] tag(final byte[] frame, final int type, final int vlan) {
        final byte[] head = java.util.Arrays.copyOf(frame, 12);
        return cat(head, int32(type << 16 | vlan), java.util.Arrays.copyOfRange(frame, 12, frame.length));
    }

    private static byte[] ether(final String destination, final String source, final int type, final byte[] payload) {
        return cat(hex(destination + source), int16(type), payload);
    }

    private static byte[] vxlan(final int flags, final int reserved, final int vni, final int last) {
        return cat(int32(flags << 24 | reserved), int32(vni << 8 | last));
    }

    private static byte[] outer4(final String source, final String destination, final int protocol, final byte[] payload) {
        return ether(HOST1, ROUTER, 0x0800, ip4(source, destination, protocol, 0, payload));
    }

    private static byte[] outer4Options(final byte[] payload) {
        final byte[] packet = cat(hex("46000000" + "00004000" + "3f110000" + IP2 + IP1 + "01010100"), payload);
        put16(packet, 2, packet.length);
        put16(packet, 10, sum(0, packet, 0, 24));
        return ether(HOST1, ROUTER, 0x0800, packet);
    }

    private static byte[] outer6(final int protocol, final byte[] payload) {
        final byte[] packet = cat(hex("60000000" + "0000" + "0040" + V6_2 + V6_1), payload);
        put16(packet, 4, payload.length);
        packet[6] = (byte) protocol;
        return ether(HOST1, ROUTER, 0x86dd, packet);
    }

    private static byte[] ip4(
            final String source, final String destination, final int protocol, final int ecn, final byte[] payload) {
        final byte[] packet = cat(hex("45000000" + "00004000" + "3f000000" + source + destination), payload);
        packet[1] = (byte) ecn;
        packet[9] = (byte) protocol;
        put16(packet, 2, packet.length);
        put16(packet, 10, sum(0, packet, 0, 20));
        return packet;
    }

    private static byte[] ip6(final int ecn, final byte[] udp) {
        final String addresses = "fd070000000000000000000000000002" + "fd070000000000000000000000000001";
        final byte[] packet = cat(int32(0x60000000 | ecn << 20), hex("00001140" + addresses), udp);
        put16(packet, 4, udp.length);
        put16(packet, 46, 0);
        put16(packet, 46, sum(17 + udp.length, packet, 8, packet.length));
        return packet;
    }

    /** @param checksum 0 for none, 1 for the right one, -1 for a wrong one */
    private static byte[] udp4(
            final String source, final String destination, final int port, final byte[] payload, final int checksum) {
        return udp(hex(source + destination), port, payload, checksum);
    }

    private static byte[] udp6(final int port, final byte[] payload, final int checksum) {
        return udp(hex(V6_2 + V6_1), port, payload, checksum);
    }

    private static byte[] udp(final byte[] addresses, final int port, final byte[] payload, final int checksum) {
        final byte[] datagram = cat(int16(50000), int16(port), int16(8 + payload.length), int16(0), payload);
        if (checksum != 0) {
            final int addressSum = ~sum(17 + datagram.length, addresses, 0, addresses.length) & 0xffff;
            final int right = sum(addressSum, datagram, 0, datagram.length);
            put16(datagram, 6, checksum > 0 ? right : right ^ 0x0101);
        }
        return datagram;
    }

    /** Port 7 to port 7, without checksum. */
    private static byte[] udpText(final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return cat(hex("00070007"), int16(8 + bytes.length), hex("0000"), bytes);
    }

    private static byte[] ipSum(final byte[] frame) {
        put16(frame, 24, 0);
        return put16(frame, 24, sum(0, frame, 14, 34));
    }

    private static int sum(final int start, final byte[] bytes, final int from, final int to) {
        int sum = start;
        for (int i = from; i < to; i++) {
            sum += (bytes[i] & 0xff) << ((i - from) % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    private static byte[] changed(final byte[] frame, final UnaryOperator<byte[]> change) {
        return change.apply(frame);
    }

    private static byte[] put8(final byte[] bytes, final int at, final int value) {
        bytes[at] = (byte) value;
        return bytes;
    }

    private static byte[] put16(final byte[] bytes, final int at, final int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
        return bytes;
    }

    private static byte[] int16(final int value) {
        return put16(new byte[2], 0, value);
    }

    private static byte[] int32(final int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    private static byte[] hex(final String digits) {
        return HEX.parseHex(digits);
    }

    private static byte[] cat(final byte[]... parts) {
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (final byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** A pcap file, a frame a millisecond from 2026-01-01 on. */
    private void write(final Path file, final List<byte[]> frames) throws IOException {
        if (frames.isEmpty()) {
            return;
        }
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(little(0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262_144, 1));
        int micros = 0;
        for (final byte[] frame : frames) {
            micros += 1000;
            out.writeBytes(little(1_767_225_600, micros, frame.length, frame.length));
            out.writeBytes(frame);
        }
        Files.createDirectories(file.getParent());
        Files.write(file, out.toByteArray());
    }

    private static byte[] little(final int... words) {
        final ByteBuffer buffer = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (final int word : words) {
            buffer.putInt(word);
        }
        return buffer.array();
    }
}
