package io.weft.bench;

import io.weft.dataplane.Burst;
import io.weft.encap.Encapsulation;
import io.weft.encap.FlowHash;
import io.weft.encap.FrameParser;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import io.weft.encap.OuterHeader;
import io.weft.encap.OuterPacket;
import io.weft.encap.OuterParser;
import io.weft.encap.ParsedFrame;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The pipeline's parts, each by itself, over 10,000 flows of 1,000 machines at 64 bytes. Nanoseconds a frame. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PartsBenchmark {
    private static final int FLOWS = 10_000;
    private static final int MACS = 1_000;
    private static final int BYTES = 60;
    private static final int NOW = 1;

    private final ParsedFrame parsed = new ParsedFrame();
    private final OuterPacket outerPacket = new OuterPacket();
    private final long[] frames = new long[FLOWS];
    private final long[] packets = new long[FLOWS];
    private int packetLength;
    private OuterHeader vxlan;
    private MacTable macs;
    private FlowCache cache;
    private int next;

    @Setup
    public void setUp() {
        vxlan = new OuterHeader(new OuterHeader.Spec(
                Encapsulation.VXLAN,
                5001,
                4789,
                IpAddress.parse("10.77.0.1"),
                IpAddress.parse("10.77.0.2"),
                0x0200_0000_aa01L,
                0x0200_0000_bb02L,
                -1,
                false,
                true));
        final byte[][] plain = Frames.flows(FLOWS, MACS, BYTES);
        final byte[][] tunnelled = Frames.tunnelled(vxlan, FLOWS, MACS, BYTES);
        packetLength = tunnelled[0].length;
        for (int i = 0; i < FLOWS; i++) {
            frames[i] = place(plain[i]);
            packets[i] = place(tunnelled[i]);
        }
        macs = new MacTable(Mem.allocate(MacTable.bytesFor(1 << 14), 64), 1 << 14, 16, 1);
        cache = new FlowCache(Mem.allocate(FlowCache.bytesFor(1 << 14), 512), 1 << 14, 1);
        for (int i = 0; i < MACS; i++) {
            macs.putStatic(1, MacTable.NO_VLAN, Frames.destination(i), 7);
            cache.insert(Frames.destination(i), Frames.SOURCE, 0, 7, NOW, NOW + 1_000_000);
        }
    }

    private static long place(final byte[] frame) {
        final long at = Mem.allocate(Burst.HEADROOM + (long) frame.length, 64) + Burst.HEADROOM;
        Mem.copy(frame, 0, at, frame.length);
        return at;
    }

    private int advance() {
        next = next + 1 == FLOWS ? 0 : next + 1;
        return next;
    }

    @Benchmark
    public int parse() {
        FrameParser.parse(frames[advance()], BYTES, BYTES, parsed);
        return parsed.l4;
    }

    @Benchmark
    public int parseAndHash() {
        final long frame = frames[advance()];
        FrameParser.parse(frame, BYTES, BYTES, parsed);
        return FlowHash.symmetric(frame, parsed, 1);
    }

    @Benchmark
    public int flowCacheLookup() {
        return cache.lookup(Frames.destination(advance() % MACS), Frames.SOURCE, 0, NOW);
    }

    @Benchmark
    public int macTableLookup() {
        return macs.lookup(1, MacTable.NO_VLAN, Frames.destination(advance() % MACS));
    }

    /** Writes the prebuilt outer header before the frame. */
    @Benchmark
    public long encap() {
        final long frame = frames[advance()];
        vxlan.write(frame - vxlan.length(), BYTES, next * 0x9e3779b9, 0);
        return frame;
    }

    /** Checks and strips the outer headers down to the tunnel header. */
    @Benchmark
    public Object decap() {
        return OuterParser.parse(packets[advance()], packetLength, true, outerPacket);
    }
}
