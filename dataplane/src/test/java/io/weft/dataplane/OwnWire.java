package io.weft.dataplane;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A switch that is a host of its own on a wire in memory, pumped by hand: 10.1.0.1/24 and fd00:1::1/64, behind routers
 * 10.1.0.254 and fd00:1::fe, with guest A in network 5001. Owned by the test.
 */
final class OwnWire implements AutoCloseable {
    static final long OWN = 0x0200_0000_aa01L;
    static final long PEER = 0x0200_0000_bb02L;
    static final long ROUTER = 0x0200_0000_bbfeL;
    static final long A = 0x0200_0000_000aL;
    static final long B = 0x0200_0000_000bL;
    static final String HERE = "10.1.0.1";
    static final String HERE6 = "fd00:1::1";

    final MemoryPort wire;
    final MemoryPort guest = new MemoryPort();
    final Switch weft;
    private long nanos = 1_000_000_000L;

    OwnWire(final Encapsulation encap, final String... peers) {
        this(1, 0, encap, peers);
    }

    OwnWire(final int workers, final int vlan, final Encapsulation encap, final String... peers) {
        wire = new MemoryPort(1, 1600, 0, 4096, false);
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse(HERE), IpAddress.parse(HERE6)),
                false,
                UnderlaySpec.Device.PORT,
                OWN,
                List.of(IpAddress.parse("10.1.0.254"), IpAddress.parse("fd00:1::fe")),
                24,
                Map.of(),
                1600,
                64,
                vlan,
                null);
        weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .adaptive(false)
                .workers(workers)
                .seed(1)
                .nanoClock(() -> nanos)
                .underlay(spec)
                .portFactory((port, n, mtu) -> port.name().equals("a") ? guest : new MemoryPort())
                .underlayFactory((u, n) -> LayerTwoUnderlay.owned(u, wire, n)));
        TestSwitch.get(weft.control().putTenant(new TenantSpec("t", 256)));
        TestSwitch.get(weft.control().putNetwork(TestSwitch.spec("t/n", 5001, encap)));
        for (final String peer : peers) {
            TestSwitch.get(weft.control().addPeer("t/n", IpAddress.parse(peer)));
        }
        TestSwitch.get(
                weft.control().putPort(new PortSpec("a", PortSpec.Kind.MEMORY, "a", "t/n", Map.of(), 0, 1400, 0)));
    }

    /** All that the switch sends when it comes up: thrown away, the second announcement too. */
    OwnWire settled() {
        pass(2_000);
        sent();
        return this;
    }

    /** A worker looks after what has been quiet once in 64 loops. */
    void pump() {
        int idle = 0;
        while (idle < 66) {
            idle = weft.pump() ? 0 : idle + 1;
        }
    }

    /** Lets time pass in small steps. */
    void pass(final long millis) {
        for (long t = 0; t < millis; t += 10) {
            nanos += 10_000_000L;
            pump();
        }
    }

    /** Lets time pass at once. */
    void leap(final long millis) {
        nanos += millis * 1_000_000L;
        pump();
    }

    /** What the underlay counts under that name. */
    long count(final String name) {
        return TestSwitch.get(weft.control().status()).link().counts().stream()
                .filter(row -> row.name().equals(name))
                .mapToLong(Rows.Count::count)
                .findFirst()
                .orElseThrow();
    }

    /** Frames sent on the wire since the last call. */
    List<byte[]> sent() {
        pump();
        final List<byte[]> frames = new ArrayList<>();
        byte[] frame = wire.poll();
        while (frame != null) {
            frames.add(frame);
            frame = wire.poll();
        }
        return frames;
    }

    /** Those of an EtherType. */
    List<byte[]> sent(final int type) {
        return sent().stream()
                .filter(frame -> TestFrames.u16(frame, 12) == type)
                .toList();
    }

    void receive(final byte[] frame) {
        if (!wire.inject(frame)) {
            throw new IllegalStateException("wire is full");
        }
        pump();
    }

    /** Guest A sends a frame that goes to all peers. */
    byte[] fromGuest(final int bytes) {
        final byte[] frame = TestFrames.ethernet(B, A, 0x88b5, new byte[bytes - 14]);
        guest.inject(frame);
        pump();
        return frame;
    }

    static byte[] arp(
            final long to,
            final int operation,
            final long mac,
            final String ip,
            final long targetMac,
            final String target) {
        final byte[] arp = new byte[28];
        TestFrames.putU16(arp, 0, 1);
        TestFrames.putU16(arp, 2, 0x0800);
        TestFrames.putU16(arp, 4, 0x0604);
        TestFrames.putU16(arp, 6, operation);
        mac(arp, 8, mac);
        System.arraycopy(TestFrames.address(ip), 0, arp, 14, 4);
        mac(arp, 18, targetMac);
        System.arraycopy(TestFrames.address(target), 0, arp, 24, 4);
        return TestFrames.ethernet(to, mac, 0x0806, arp);
    }

    /** An IPv6 packet with an ICMPv6 message, whose checksum is filled in. */
    static byte[] icmp6(
            final long to,
            final long from,
            final String source,
            final String destination,
            final int hops,
            final byte[] icmp) {
        final byte[] frame = TestFrames.ethernet(to, from, 0x86dd, TestFrames.ip(source, destination, 58, 0, icmp));
        frame[14 + 7] = (byte) hops;
        TestFrames.putU16(frame, 54 + 2, 0);
        return TestFrames.fixL4(frame, 14, 54, 2);
    }

    static byte[] icmp4(
            final long to, final long from, final String source, final String destination, final byte[] icmp) {
        TestFrames.putU16(icmp, 2, 0);
        TestFrames.putU16(icmp, 2, ~TestFrames.sum(icmp) & 0xffff);
        return TestFrames.ethernet(to, from, 0x0800, TestFrames.ip(source, destination, 1, 0, icmp));
    }

    static byte[] nd(final int type, final int flags, final String target, final int option, final long mac) {
        final byte[] nd = new byte[option == 0 ? 24 : 32];
        nd[0] = (byte) type;
        nd[4] = (byte) flags;
        System.arraycopy(TestFrames.address(target), 0, nd, 8, 16);
        if (option != 0) {
            nd[24] = (byte) option;
            nd[25] = 1;
            mac(nd, 26, mac);
        }
        return nd;
    }

    static void mac(final byte[] bytes, final int at, final long mac) {
        for (int i = 0; i < 6; i++) {
            bytes[at + i] = (byte) (mac >>> (8 * (5 - i)));
        }
    }

    static long mac(final byte[] bytes, final int at) {
        return (long) TestFrames.u16(bytes, at) << 32
                | (long) TestFrames.u16(bytes, at + 2) << 16
                | TestFrames.u16(bytes, at + 4);
    }

    Rows.Books books() {
        return TestSwitch.get(weft.control().status()).books();
    }

    long drops(final DropReason reason) {
        return TestSwitch.get(weft.control().drops()).stream()
                .filter(row -> row.reason().equals(reason.key()))
                .mapToLong(Rows.DropRow::count)
                .sum();
    }

    @Override
    public void close() {
        weft.close();
    }
}
