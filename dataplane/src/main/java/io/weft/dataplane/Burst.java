package io.weft.dataplane;

/**
 * At most {@link #MOST} frames on their way, in parallel arrays: index {@code i} of every array is frame {@code i}.
 *
 * <p>A frame is a head (contiguous, the switch's own memory until the source's {@code rxRelease}) and a body (segments
 * that may lie in memory that a guest can write: copied once, never looked at to decide). Before the head of a frame
 * that did not come out of a tunnel lie {@link #HEADROOM} writable bytes.
 *
 * <p>Owned by the worker.
 */
public final class Burst {
    /** Frames that a source gives; 32 as measured: more lengthens the wait, fewer lose the overlap of cache misses. */
    public static final int CAPACITY = 32;
    /** Frames where they come as one, and go as one: what the kernel put together, or what a large frame is cut into. */
    public static final int MOST = 64;
    /** Frames that others were merged into for one egress: they stand behind {@link #MOST}, and not in {@link #size}. */
    static final int MERGED = 32;

    private static final int FRAMES = MOST + MERGED;
    /** Room for any outer header (IPv6, UDP, Geneve with options, an outer tag) and a virtio-net header. */
    public static final int HEADROOM = 128;
    /** Bytes of the largest frame: a TSO frame of 64 KiB with its Ethernet header and tags. */
    public static final int MAX_FRAME = 65_536 + 64;

    /** Frame has no offload words: complete, checksummed, not to be segmented. */
    public static final int GSO_NONE = 0;
    /** Values of {@link #gsoType}, as in virtio 1.2, 5.1.6. */
    public static final int GSO_TCPV4 = 1;

    public static final int GSO_UDP = 3;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;
    public static final int GSO_ECN = 0x80;
    /** Bits of {@link #vnetFlags}. */
    public static final int NEEDS_CSUM = 1;

    public static final int DATA_VALID = 2;

    public int size;

    /** Address of the head; the Ethernet header, or from an underlay the tunnel header. */
    public final long[] head = new long[FRAMES];

    public final int[] headLength = new int[FRAMES];
    /** Head and body together, from the head's first byte. */
    public final int[] length = new int[FRAMES];

    public final int[] firstSegment = new int[FRAMES];
    public final int[] segmentCount = new int[FRAMES];
    /** Segments of all frames' bodies; {@link #segments} are in use. */
    public final long[] segmentAddress = new long[PIECES];

    public final int[] segmentLength = new int[PIECES];
    public int segments;
    /** Enough for 32 TSO frames of 64 KiB in pages, with room for guests that cut finer; a port refuses what exceeds it. */
    public static final int SEGMENTS = 32 * 20;
    /** With room for the bodies of merged frames: those of all others, and what of their heads is payload. */
    static final int PIECES = 2 * SEGMENTS + MOST;

    /** virtio-net's offload words: {@link #NEEDS_CSUM}, {@link #DATA_VALID}. */
    public final int[] vnetFlags = new int[FRAMES];

    public final int[] gsoType = new int[FRAMES];
    public final int[] gsoSize = new int[FRAMES];
    public final int[] csumStart = new int[FRAMES];
    public final int[] csumOffset = new int[FRAMES];

    /** Ordinal of a {@link DropReason} that the source found for the frame; 0: none, {@link DropReason#NONE}. */
    public final int[] refused = new int[FRAMES];

    /** Whether the source wants {@link #hash} of its frames when they are released. */
    public boolean wantsHash;

    /** From an underlay: ordinal of {@link io.weft.encap.Encapsulation}. */
    public final int[] encapsulation = new int[FRAMES];
    /** From an underlay: UDP port that the packet was sent to; 0 for NVGRE. */
    public final int[] tunnelPort = new int[FRAMES];
    /** From an underlay: ECN field of the outer header, 0 to 3. */
    public final int[] outerEcn = new int[FRAMES];
    /** From an underlay: the sender's address as {@link io.weft.encap.IpAddress} holds it. */
    public final long[] sourceHi = new long[FRAMES];

    public final long[] sourceLo = new long[FRAMES];
    public final int[] sourceFamily = new int[FRAMES];
    /** From an underlay: bytes of the packet that lie before its head; -1 where the kernel took them off. */
    public final int[] outer = new int[FRAMES];

    /** From an underlay: the packet came over IPv6 without a UDP checksum (RFC 6936). */
    public final boolean[] zeroChecksum = new boolean[FRAMES];

    // What the pipeline found.

    /** Network id. */
    final int[] network = new int[FRAMES];
    /** Where it came in: {@link Egress} of the port or tunnel. */
    final int[] ingress = new int[FRAMES];
    /** Inner VLAN that is part of the address, or {@link io.weft.flowcache.MacTable#NO_VLAN}. */
    final int[] vlan = new int[FRAMES];

    final long[] destination = new long[FRAMES];
    final long[] source = new long[FRAMES];
    /** Symmetric hash of the flow: entropy, queue and worker choice. Good once {@link Flows} was asked for it. */
    public final int[] hash = new int[FRAMES];
    /** ECN field of the frame's own IP header, -1 without one, or {@link Flows#NOT_ASKED}. */
    public final int[] ecn = new int[FRAMES];
    /** Where the frame goes: {@link Egress}. */
    final int[] egress = new int[FRAMES];
    /** Times the frame was put into a TxQueue. */
    final int[] sends = new int[FRAMES];

    /** Makes frame {@code i} a head alone, without offload words, and counts it in. */
    public void add(final long address, final int bytes) {
        final int i = size++;
        head[i] = address;
        headLength[i] = bytes;
        length[i] = bytes;
        segmentCount[i] = 0;
        vnetFlags[i] = 0;
        gsoType[i] = GSO_NONE;
        gsoSize[i] = 0;
        refused[i] = 0;
    }

    /**
     * Makes the first frames of an empty burst heads alone, as {@link #add} does; whoever calls sets their lengths.
     *
     * @param address of the first head
     * @param stride bytes from one to the next
     */
    public void addPlain(final int frames, final long address, final long stride) {
        for (int i = 0; i < frames; i++) {
            head[i] = address + i * stride;
        }
        java.util.Arrays.fill(segmentCount, 0, frames, 0);
        java.util.Arrays.fill(vnetFlags, 0, frames, 0);
        java.util.Arrays.fill(gsoType, 0, frames, GSO_NONE);
        java.util.Arrays.fill(gsoSize, 0, frames, 0);
        java.util.Arrays.fill(refused, 0, frames, 0);
        size = frames;
    }

    public void clear() {
        size = 0;
        segments = 0;
        wantsHash = false;
    }
}
