package io.weft.cli;

import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import java.nio.ByteBuffer;
import java.util.List;
import picocli.CommandLine.Option;

/** A frame by its fields, as options. */
final class FrameFields {
    private static final int MIN = 60;
    private static final int ETHERNET = 14;
    private static final int TAG = 4;
    private static final int UDP = 17;
    private static final int TCP = 6;
    private static final int NO_NEXT_HEADER = 59;
    private static final int EXPERIMENT = 253;

    @Option(names = "--src", paramLabel = "MAC", required = true, description = "source address")
    private String source;

    @Option(names = "--dst", paramLabel = "MAC", description = "destination address; default ff:ff:ff:ff:ff:ff")
    private String destination = "ff:ff:ff:ff:ff:ff";

    @Option(names = "--vlan", paramLabel = "VID", description = "a VLAN tag; more than one: the outer one first")
    private List<Integer> vlans = List.of();

    @Option(names = "--type", paramLabel = "ETHERTYPE", description = "such as 0x0806; default of --ip, else 0x88b5")
    private String type;

    @Option(names = "--ip", paramLabel = "SRC,DST", split = ",", description = "IP addresses")
    private List<String> ip = List.of();

    @Option(names = "--udp", paramLabel = "SPORT,DPORT", split = ",", description = "UDP ports")
    private List<Integer> udp = List.of();

    @Option(names = "--tcp", paramLabel = "SPORT,DPORT", split = ",", description = "TCP ports")
    private List<Integer> tcp = List.of();

    @Option(names = "--size", paramLabel = "BYTES", description = "of the whole frame; default 60")
    private int size = MIN;

    byte[] frame() {
        final int least = ETHERNET + TAG * vlans.size() + (ip.isEmpty() ? 0 : 40 + 20);
        if (size < ETHERNET || size > 65_535) {
            throw new Failure("--size is " + ETHERNET + " to 65535, not " + size);
        }
        final ByteBuffer frame = ByteBuffer.allocate(Math.max(size, least));
        mac(frame, destination);
        mac(frame, source);
        for (final int vlan : vlans) {
            frame.putShort((short) 0x8100).putShort((short) vlan);
        }
        if (ip.isEmpty()) {
            frame.putShort((short) (type == null ? 0x88b5 : decode(type)));
        } else {
            ip(frame);
        }
        return frame.array();
    }

    private static void mac(final ByteBuffer frame, final String text) {
        try {
            final long mac = MacAddress.parse(text);
            frame.putShort((short) (mac >>> 32)).putInt((int) mac);
        } catch (final IllegalArgumentException e) {
            throw new Failure(e.getMessage());
        }
    }

    private static int decode(final String text) {
        try {
            return Integer.decode(text);
        } catch (final NumberFormatException e) {
            throw new Failure("--type is a number such as 0x0806, not " + text);
        }
    }

    private void ip(final ByteBuffer frame) {
        if (ip.size() != 2) {
            throw new Failure("--ip takes two addresses: SRC,DST");
        }
        final IpAddress from = address(ip.get(0));
        final IpAddress to = address(ip.get(1));
        if (from.family() != to.family()) {
            throw new Failure("--ip: " + from + " and " + to + " are of two IP versions");
        }
        frame.putShort((short) (type != null ? decode(type) : from.isIpv4() ? 0x0800 : 0x86dd));
        if (from.isIpv4()) {
            final int at = frame.position();
            frame.putShort((short) 0x4500).putShort((short) (frame.capacity() - at));
            frame.putInt(0x4000).put((byte) 64).put((byte) protocol(EXPERIMENT)).putShort((short) 0);
            frame.put(from.bytes()).put(to.bytes());
            frame.putShort(at + 10, checksum(frame, at));
        } else {
            frame.putInt(0x6000_0000).putShort((short) (frame.capacity() - frame.position() - 36));
            frame.put((byte) protocol(NO_NEXT_HEADER))
                    .put((byte) 64)
                    .put(from.bytes())
                    .put(to.bytes());
        }
        ports(frame);
    }

    private static IpAddress address(final String text) {
        try {
            return IpAddress.parse(text);
        } catch (final IllegalArgumentException e) {
            throw new Failure(e.getMessage());
        }
    }

    private int protocol(final int otherwise) {
        return udp.isEmpty() ? tcp.isEmpty() ? otherwise : TCP : UDP;
    }

    private void ports(final ByteBuffer frame) {
        final List<Integer> ports = udp.isEmpty() ? tcp : udp;
        if (ports.isEmpty()) {
            return;
        }
        if (ports.size() != 2) {
            throw new Failure("--udp and --tcp take two ports: SPORT,DPORT");
        }
        final int at = frame.position();
        frame.putShort(ports.get(0).shortValue()).putShort(ports.get(1).shortValue());
        if (udp.isEmpty()) {
            frame.putShort(at + 12, (short) 0x5002);
        } else {
            frame.putShort(at + 4, (short) (frame.capacity() - at));
        }
    }

    private static short checksum(final ByteBuffer frame, final int at) {
        int sum = 0;
        for (int i = 0; i < 20; i += 2) {
            sum += frame.getShort(at + i) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~(sum + (sum >>> 16));
    }
}
