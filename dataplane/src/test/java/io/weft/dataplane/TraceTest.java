package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.TraceSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a trace says is what then happens. */
class TraceTest {
    private static final long[] MACS = {
        0x020000000001L,
        0x020000000002L,
        0x020000000003L,
        0x020000000004L,
        0x020000000005L,
        0x020000000006L,
        0,
        0xffffffffffffL,
        0x01005e000001L,
        0x0180c2000003L
    };
    private static final List<String> PORTS = List.of("a1", "a2", "a3", "k1", "k2", "fw", "n1");
    private static final List<String> ENDPOINTS = List.of("10.1.0.9", "10.1.0.10", "10.1.0.11");

    private static TestSwitch random(final boolean acceptAny) {
        final TestSwitch weft = new TestSwitch(new SwitchContext(), acceptAny, "10.1.0.1")
                .tenant("t")
                .network(limited(TestSwitch.spec("t/a", 5001, Encapsulation.VXLAN), false, 5), "10.1.0.9", "10.1.0.10")
                .network(limited(TestSwitch.spec("t/k", 5002, Encapsulation.GENEVE), true, 100), "10.1.0.9")
                .network(TestSwitch.spec("t/n", 6001, Encapsulation.NVGRE), "10.1.0.10")
                .access("a1", "t/a")
                .access("a2", "t/a")
                .access("k1", "t/k")
                .access("k2", "t/k")
                .access("n1", "t/n")
                .trunk("fw", Map.of(10, "t/a", 20, "t/k"));
        get(weft.control.putPort(
                new PortSpec("a3", PortSpec.Kind.MEMORY, "a3", "t/a", Map.of(), 0, 0, 0x020000000003L)));
        get(weft.control.addMac("t/a", -1, 0x020000000006L, "10.1.0.9"));
        get(weft.control.addMac("t/n", -1, 0x020000000005L, "n1"));
        return weft;
    }

    private static NetworkSpec limited(final NetworkSpec of, final boolean keep, final int limit) {
        return new NetworkSpec(
                of.tenant(),
                of.name(),
                of.vni(),
                of.encap(),
                of.port(),
                of.flowId(),
                keep,
                of.udpChecksum(),
                limit,
                10_000,
                null);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSayWhatThePipelineThenDoes(final boolean acceptAny) {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        final Map<String, Integer> verdicts = new TreeMap<>();
        try (TestSwitch weft = random(acceptAny)) {
            for (int i = 0; i < 1500; i++) {
                weft.advance(random.nextInt(20) == 0 ? random.nextInt(6000) : random.nextInt(50));
                weft.pump();
                final boolean wire = random.nextInt(3) == 0;
                final String port = PORTS.get(random.nextInt(PORTS.size()));
                final byte[] frame = wire ? packet(random) : frame(random);
                final Rows.Trace trace =
                        get(weft.control.trace(new TraceSpec(wire ? null : port, frame, null, 0, null)));
                final Rows.Books books = weft.books();
                assertEquals(trace, get(weft.control.trace(new TraceSpec(wire ? null : port, frame, null, 0, null))));
                assertEquals(books, weft.books(), "a trace changes nothing");
                final Map<String, Long> before = drops(weft);
                if (wire) {
                    weft.sendWire(frame);
                } else {
                    weft.send(port, frame);
                }
                final Map<String, Long> dropped = drops(weft);
                before.forEach((reason, count) -> dropped.merge(reason, -count, Long::sum));
                dropped.values().removeIf(count -> count == 0);
                final String what = "seed " + seed + ", frame " + i + ": " + trace;
                assertEquals(sent(weft), said(trace), what);
                assertEquals(dropped, reasons(trace), what);
                verdicts.merge(trace.verdict() + " " + trace.reason(), 1, Integer::sum);
            }
        }
        assertTrue(verdicts.size() > 8, () -> "too little happened: " + verdicts);
    }

    private static List<String> said(final Rows.Trace trace) {
        return trace.out().stream()
                .filter(out -> out.reason() == null)
                .map(Rows.TraceOut::to)
                .sorted()
                .toList();
    }

    private static Map<String, Long> reasons(final Rows.Trace trace) {
        final Map<String, Long> reasons = trace.out().stream()
                .filter(out -> out.reason() != null)
                .collect(Collectors.groupingBy(Rows.TraceOut::reason, TreeMap::new, Collectors.counting()));
        if (trace.reason() != null) {
            reasons.merge(trace.reason(), 1L, Long::sum);
        }
        return reasons;
    }

    private static Map<String, Long> drops(final TestSwitch weft) {
        return get(weft.control.drops()).stream()
                .collect(Collectors.groupingBy(
                        Rows.DropRow::reason, TreeMap::new, Collectors.summingLong(Rows.DropRow::count)));
    }

    private static List<String> sent(final TestSwitch weft) {
        final List<String> sent = new ArrayList<>();
        for (final String port : PORTS) {
            weft.sent(port).forEach(frame -> sent.add(port));
        }
        for (final byte[] packet : weft.sentWire()) {
            sent.add("tunnel 10.1.0." + TestFrames.u8(packet, 33));
        }
        sent.sort(null);
        return sent;
    }

    private static byte[] frame(final Random random) {
        final byte[] payload = new byte[random.nextInt(30) == 0 ? 1600 : 46];
        final byte[] frame = random.nextBoolean()
                ? TestFrames.ethernet(mac(random), mac(random), 0x88b5, payload)
                : TestFrames.ethernet(
                        mac(random),
                        mac(random),
                        0x0800,
                        TestFrames.ipv4("10.0.0.1", "10.0.0.2", 17, random.nextInt(4), new byte[40]));
        if (random.nextInt(40) == 0) {
            return Arrays.copyOf(frame, random.nextInt(20));
        }
        byte[] tagged = frame;
        for (int tags = random.nextInt(6) / 2; tags > 0; tags--) {
            tagged = TestFrames.tag(0x8100, new int[] {0, 10, 20, 7}[random.nextInt(4)], tagged);
        }
        return tagged;
    }

    private static long mac(final Random random) {
        return MACS[random.nextInt(4) == 0 ? random.nextInt(MACS.length) : random.nextInt(5)];
    }

    private static byte[] packet(final Random random) {
        final int vni = new int[] {5001, 5002, 6001, 9999}[random.nextInt(4)];
        final String from = ENDPOINTS.get(random.nextInt(ENDPOINTS.size()));
        final String to = random.nextInt(20) == 0 ? "10.1.0.77" : "10.1.0.1";
        final byte[] inner = random.nextInt(4) == 0
                ? frame(random)
                : TestFrames.ethernet(mac(random), mac(random), 0x88b5, new byte[46]);
        final byte[] payload =
                switch (random.nextInt(4)) {
                    case 0 -> TestFrames.concat(TestFrames.nvgre(vni, 0), inner);
                    case 1 ->
                        TestFrames.udp(
                                50_000,
                                6081,
                                TestFrames.geneve(vni, random.nextInt(9) == 0 ? 0x80 : 0, new byte[0]),
                                inner);
                    case 2 -> TestFrames.udp(50_000, 4789, TestFrames.vxlan(vni), inner);
                    default -> TestFrames.udp(50_000, random.nextInt(4) == 0 ? 53 : 4789, TestFrames.vxlan(vni), inner);
                };
        final boolean gre = payload[0] == 0x20;
        final byte[] packet = TestFrames.ethernet(
                0x02000a010001L,
                0x02000a010009L,
                0x0800,
                TestFrames.ipv4(from, to, gre ? 47 : 17, random.nextInt(4), payload));
        return random.nextInt(40) == 0 ? Arrays.copyOf(packet, 20 + random.nextInt(30)) : packet;
    }

    @Test
    void shouldTellEachStepWhenAFrameGoesIntoATunnel() {
        try (TestSwitch weft = random(false)) {
            final byte[] frame = TestFrames.ethernet(0x020000000006L, 0x020000000003L, 0x88b5, new byte[46]);
            final Rows.Trace trace = get(weft.control.trace(new TraceSpec("a3", frame, null, 0, null)));
            assertEquals("forward", trace.verdict());
            assertEquals("t/a", trace.network());
            assertEquals(
                    List.of(
                            "port: a3, an access port",
                            "network: t/a, the port's",
                            "anti-spoofing: the source is the one that this port may use",
                            "flow cache: miss",
                            "learning: 02:00:00:00:00:03 would be learned",
                            "MAC table: 02:00:00:00:00:06 is at tunnel 10.1.0.9, fixed",
                            "encapsulation: vxlan, VNI 5001, UDP port 4789, to 10.1.0.9: 60 bytes of frame",
                            "send: to tunnel 10.1.0.9"),
                    trace.steps().stream()
                            .map(step -> step.stage() + ": " + step.text())
                            .toList());
            final byte[] spoofed = TestFrames.ethernet(0x020000000006L, 0x020000000004L, 0x88b5, new byte[46]);
            final Rows.Trace refused = get(weft.control.trace(new TraceSpec("a3", spoofed, null, 0, null)));
            assertEquals("spoofed-source-mac", refused.reason());
            assertEquals(
                    "this port may use 02:00:00:00:00:03 alone",
                    refused.steps().get(2).text());
        }
    }

    @Test
    void shouldForeseeWhatTheKernelsInterfaceDoesNotTake() {
        final IpAddress own = IpAddress.parse("127.0.0.1");
        try (Switch weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .underlay(new UnderlaySpec(
                        List.of(own), false, UnderlaySpec.Device.KERNEL, 0, List.of(), 8, Map.of(), 0)))) {
            final SwitchControl control = weft.control();
            get(control.putTenant(new TenantSpec("t", 1024)));
            get(control.putNetwork(TestSwitch.spec("t/a", 5001, Encapsulation.GENEVE)));
            get(control.addPeer("t/a", IpAddress.parse("127.0.0.2")));
            get(control.putPort(new PortSpec("a", PortSpec.Kind.MEMORY, "a", "t/a", Map.of(), 0, 0, 0)));
            assertEquals("send", stage(control, 65_499), "65,535 bytes, as many as an IP packet may have");
            assertEquals("MTU", stage(control, 65_500));
        }
    }

    /** What follows the encapsulation of a frame of that many bytes. */
    private static String stage(final SwitchControl control, final int bytes) {
        final byte[] frame = TestFrames.ethernet(0x020000000006L, 0x020000000003L, 0x88b5, new byte[bytes - 14]);
        final List<Rows.TraceStep> steps =
                get(control.trace(new TraceSpec("a", frame, null, 0, null))).steps();
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).stage().equals("encapsulation")) {
                return steps.get(i + 1).stage();
            }
        }
        throw new AssertionError(steps.toString());
    }

    @Test
    void shouldExplainWhatAnEndpointPutIntoATunnel() {
        try (TestSwitch weft = random(false)) {
            final byte[] frame = TestFrames.ethernet(0x020000000001L, 0x020000000002L, 0x88b5, new byte[46]);
            final IpAddress peer = IpAddress.parse("10.1.0.9");
            Rows.Trace trace = get(weft.control.trace(new TraceSpec(null, frame, peer, 5002, null)));
            assertEquals("flood", trace.verdict());
            assertEquals("t/k", trace.network());
            assertEquals(List.of("fw", "k1", "k2"), said(trace));
            trace = get(weft.control.trace(new TraceSpec(null, frame, peer, 4, null)));
            assertEquals("unknown-vni", trace.reason());
            trace = get(weft.control.trace(new TraceSpec(null, frame, IpAddress.parse("10.1.0.11"), 5001, null)));
            assertEquals("unknown-endpoint", trace.reason());
            assertThrows(
                    SwitchException.class, () -> get(weft.control.trace(new TraceSpec("x", frame, null, 0, null))));
        }
    }
}
