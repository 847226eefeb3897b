package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tenants with the same MAC and IP addresses and the same VLANs on two switches of two workers each, under random traffic
 * while tables, ports, networks and tenants come and go. Every frame says who sent it; every frame that comes out is
 * asked. Not one may cross, each must arrive where it should, once.
 */
class IsolationTest {
    private static final int MINUTE_MILLIS = Integer.getInteger("weft.isolation.millis", 60_000);
    private static final int ROUND = 500;
    private static final int WINDOW = 64;
    private static final long BROADCAST = 0xffffffffffffL;
    private static final int VMS = 4;
    private static final Tenancy[] TENANCIES = {
        new Tenancy("red", "red/n", 5001, Encapsulation.VXLAN),
        new Tenancy("blue", "blue/n", 5002, Encapsulation.VXLAN),
        new Tenancy("green", "green/n", 5001, Encapsulation.NVGRE),
        new Tenancy("black", "black/n", 5001, Encapsulation.GENEVE)
    };

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final Host[] hosts = {new Host("10.1.0.1"), new Host("10.1.0.2")};
    private final List<Vm> vms = new ArrayList<>();
    private final Map<Long, Sent> outstanding = new HashMap<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean ended;
    private long sequence;
    private long arrived;

    @Test
    @Tag("V12")
    @Tag("N8")
    void shouldKeepTenantsApartAndLoseNothingWhileEverythingChanges() throws InterruptedException {
        System.out.println("isolation: seed " + seed);
        try {
            build();
            final Thread carrier = start("carrier", this::carry);
            final Thread churner = start("churner", this::churn);
            final long end = System.currentTimeMillis() + MINUTE_MILLIS;
            while (System.currentTimeMillis() < end && failure.get() == null) {
                round();
            }
            ended = true;
            carrier.join();
            churner.join();
            assertNull(failure.get(), () -> "seed " + seed + ": " + failure.get());
            for (final Host host : hosts) {
                final Rows.Books books = host.settledBooks();
                assertTrue(books.balanced(), books.toString());
                assertEquals(0, books.held(), books.toString());
            }
            System.out.println(
                    "isolation: " + sequence + " frames sent, " + arrived + " arrivals checked, none astray");
            assertTrue(sequence > 1000, "too little traffic to mean anything: " + sequence);
        } finally {
            ended = true;
            for (final Host host : hosts) {
                host.weft.close();
            }
        }
    }

    private void build() {
        for (int t = 0; t < TENANCIES.length; t++) {
            for (int h = 0; h < hosts.length; h++) {
                hosts[h].add(TENANCIES[t], hosts[1 - h].address);
            }
            for (int v = 0; v < VMS; v++) {
                final Host host = hosts[v % 2];
                final String name = TENANCIES[t].tenant + v;
                // Half of the ports have a queue for each worker, the others make workers hand frames over.
                vms.add(new Vm(t, v, 0x020000000000L + v, host.port(name, TENANCIES[t].network, 1 + v / 2 % 2)));
            }
        }
    }

    private void round() {
        final long first = sequence;
        // Copies of the last round's floods may still come in.
        outstanding.keySet().removeIf(number -> number < first - ROUND);
        int sent = 0;
        while (sent < ROUND) {
            if (pending() < WINDOW && send()) {
                sent++;
            }
            receive();
        }
        final long begun = System.nanoTime();
        while (pending() > 0) {
            receive();
            if (System.nanoTime() - begun > 20_000_000_000L) {
                throw new AssertionError(
                        "seed " + seed + ": lost " + pending() + " of the frames from " + first + " on: "
                                + outstanding.values().stream()
                                        .filter(s -> s.missing != 0)
                                        .limit(5)
                                        .toList());
            }
        }
    }

    private int pending() {
        int pending = 0;
        for (final Sent each : outstanding.values()) {
            pending += Long.bitCount(each.missing);
        }
        return pending;
    }

    private boolean send() {
        final Vm from = vms.get(random.nextInt(vms.size()));
        final boolean toAll = random.nextInt(8) == 0;
        final int to = (from.number + 1 + random.nextInt(VMS - 1)) % VMS;
        final long destination = toAll ? BROADCAST : 0x020000000000L + to;
        final ByteBuffer body = ByteBuffer.allocate(46 + random.nextInt(1400));
        body.putInt(from.tenant).putInt(from.number).putLong(sequence);
        final byte[] frame = TestFrames.ethernet(destination, from.mac, 0x88b5, body.array());
        if (!from.port.inject(frame)) {
            return false;
        }
        final long all = (1L << VMS) - 1 & ~(1L << from.number);
        outstanding.put(sequence, new Sent(from, frame.length, toAll ? all : 1L << to));
        sequence++;
        return true;
    }

    private void receive() {
        boolean any = false;
        for (final Vm vm : vms) {
            byte[] frame = vm.port.poll();
            while (frame != null) {
                any = true;
                check(vm, frame);
                frame = vm.port.poll();
            }
        }
        if (failure.get() != null) {
            throw new AssertionError("seed " + seed, failure.get());
        }
        if (!any) {
            LockSupport.parkNanos(20_000);
        }
    }

    private void check(final Vm at, final byte[] frame) {
        final ByteBuffer body = ByteBuffer.wrap(frame, 14, frame.length - 14);
        final int tenant = body.getInt();
        final int sender = body.getInt();
        final long number = body.getLong();
        assertEquals(
                at.tenant,
                tenant,
                () -> "seed " + seed + ": a frame of " + TENANCIES[tenant].tenant + " VM " + sender + " came out at "
                        + TENANCIES[at.tenant].tenant + " VM " + at.number);
        arrived++;
        final Sent sent = outstanding.get(number);
        if (sent == null && number < sequence - ROUND) {
            return;
        }
        assertTrue(
                sent != null && sent.from.tenant == tenant && sent.from.number == sender,
                "seed " + seed + ": nobody sent frame " + number);
        assertEquals(sent.length, frame.length, "seed " + seed);
        assertEquals(0, sent.seen & 1L << at.number, () -> "seed " + seed + ": frame " + number + " came twice");
        sent.seen |= 1L << at.number;
        sent.missing &= ~(1L << at.number);
    }

    /** The underlay: packets go to the host whose address they bear; others are lost, as on any network. */
    private void carry() {
        while (!ended) {
            boolean any = false;
            for (int h = 0; h < hosts.length; h++) {
                final Host other = hosts[1 - h];
                for (int q = 0; q < 2; q++) {
                    MemoryPort wire = hosts[h].wire;
                    final var sent = wire.queue(q).pollSent();
                    if (sent != null) {
                        any = true;
                        if (other.isFor(sent.frame())) {
                            while (!other.wire.queue(q).inject(sent.frame()) && !ended) {
                                Thread.onSpinWait();
                            }
                        }
                    }
                }
            }
            if (!any) {
                LockSupport.parkNanos(20_000);
            }
        }
    }

    /** Changes everything that must not make a difference. */
    private void churn() {
        final Random dice = new Random(seed + 1);
        int step = 0;
        while (!ended) {
            final Host host = hosts[dice.nextInt(2)];
            final Tenancy tenancy = TENANCIES[dice.nextInt(TENANCIES.length)];
            final String extra = "x" + step++ % 3;
            switch (dice.nextInt(6)) {
                case 0 -> get(host.weft.control().flushMacs(dice.nextBoolean() ? null : tenancy.network));
                case 1 -> get(host.weft.control().flushFlows(dice.nextBoolean() ? null : tenancy.tenant));
                case 2 -> {
                    host.port(extra, tenancy.network, 1 + dice.nextInt(2));
                    get(host.weft.control().removePort(extra));
                }
                case 3 -> {
                    final Tenancy guest = new Tenancy(extra, extra + "/n", 9000, tenancy.encap);
                    host.add(guest, "10.1.0.7");
                    get(host.weft.control().removeNetwork(guest.network));
                    get(host.weft.control().removeTenant(extra));
                }
                case 4 -> {
                    final IpAddress nobody = IpAddress.parse("10.1.0." + (20 + dice.nextInt(100)));
                    get(host.weft.control().addPeer(tenancy.network, nobody));
                    get(host.weft.control().removePeer(tenancy.network, nobody));
                }
                default -> {
                    final long mac = MacAddress.parse("02:00:00:00:00:77");
                    get(host.weft.control().addMac(tenancy.network, -1, mac, host.otherAddress()));
                    get(host.weft.control().removeMac(tenancy.network, -1, mac));
                }
            }
        }
    }

    private Thread start(final String name, final Runnable work) {
        final Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (final RuntimeException | AssertionError e) {
                        failure.compareAndSet(null, e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private record Tenancy(String tenant, String network, int vni, Encapsulation encap) {}

    private record Vm(int tenant, int number, long mac, MemoryPort port) {}

    private static final class Sent {
        private final Vm from;
        private final int length;
        private long missing;
        private long seen;

        Sent(final Vm from, final int length, final long missing) {
            this.from = from;
            this.length = length;
            this.missing = missing;
        }

        @Override
        public String toString() {
            return TENANCIES[from.tenant].tenant + " VM " + from.number + " missing at " + Long.toBinaryString(missing);
        }
    }

    private static final class Host {
        private final String address;
        private final MemoryPort wire = new MemoryPort(2, 1600, 0, 4096, true);
        private final Map<String, MemoryPort> ports = new HashMap<>();
        private final Switch weft;

        Host(final String address) {
            this.address = address;
            final UnderlaySpec spec = new UnderlaySpec(
                    List.of(IpAddress.parse(address)),
                    false,
                    UnderlaySpec.Device.MEMORY,
                    0,
                    List.of(),
                    24,
                    Map.of(),
                    1600);
            weft = Switch.launch(new SwitchContext()
                    .workers(2)
                    .underlay(spec)
                    .macCapacity(1 << 12)
                    .maxNetworks(64)
                    .maxTunnels(256)
                    .portFactory((port, workers, mtu) -> {
                        final MemoryPort made = new MemoryPort(port.queues(), 1500, 0, 4096, true);
                        synchronized (ports) {
                            ports.put(port.name(), made);
                        }
                        return made;
                    })
                    .underlayFactory((u, n) -> new LayerTwoUnderlay(u, wire, n, Neighbors.derived(u))));
        }

        void add(final Tenancy tenancy, final String peer) {
            get(weft.control().putTenant(new TenantSpec(tenancy.tenant, 256)));
            get(weft.control()
                    .putNetwork(new NetworkSpec(
                            tenancy.tenant,
                            "n",
                            tenancy.vni,
                            tenancy.encap,
                            tenancy.encap.defaultPort(),
                            true,
                            false,
                            UdpChecksum.AUTO,
                            100,
                            300_000,
                            null)));
            get(weft.control().addPeer(tenancy.network, IpAddress.parse(peer)));
        }

        MemoryPort port(final String name, final String network, final int queues) {
            get(weft.control()
                    .putPort(new PortSpec(name, PortSpec.Kind.MEMORY, name, network, Map.of(), queues, 0, 0)));
            synchronized (ports) {
                return ports.get(name);
            }
        }

        String otherAddress() {
            return "10.1.0.1".equals(address) ? "10.1.0.2" : "10.1.0.1";
        }

        /** By the outer destination address. */
        boolean isFor(final byte[] packet) {
            return packet.length > 34
                    && packet[33] == Integer.parseInt(address.substring(address.lastIndexOf('.') + 1));
        }

        /** The books once nothing is on its way any more. */
        Rows.Books settledBooks() throws InterruptedException {
            Rows.Books books = get(weft.control().status()).books();
            for (int i = 0; i < 100 && !(books.balanced() && books.held() == 0); i++) {
                LockSupport.parkNanos(10_000_000);
                books = get(weft.control().status()).books();
            }
            return books;
        }
    }
}
