package io.weft.dataplane;

import io.weft.encap.FrameParser;
import io.weft.encap.Mem;
import io.weft.encap.ParsedFrame;
import io.weft.encap.TooBigMessage;
import java.util.function.LongSupplier;

/**
 * Answers packets that do not fit with the size that does ({@link TooBigMessage}), so that path MTU discovery works
 * through the switch as it does through a router. Answers are gathered while a burst is sent, and sent after it.
 *
 * <p>Everything is decided on the frame's head, which nobody else can change; what is quoted may come from its body.
 *
 * <p>Owned by the worker.
 */
final class TooBig {
    private static final int NONE = -1;
    private static final int SLOT = Burst.HEADROOM + (TooBigMessage.MAX_LENGTH + 63 & -64);

    private final long slots = Mem.allocate((long) Burst.CAPACITY * SLOT, 64);
    private final Burst answers = new Burst();
    private final ParsedFrame parsed = new ParsedFrame();
    private final AnswerLimit limit = new AnswerLimit();
    private final LongSupplier nanoClock;
    /** The flooded frame that was answered last in this burst. */
    private int answeredFlood = NONE;

    TooBig(final LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /**
     * The size that the frame's sender would be told, or 0 where there is nobody to tell: {@link TooBigMessage#isDue} says
     * for whom there is.
     *
     * @param maxFrame bytes of the largest frame that fits where it was to go
     */
    static int mtuToTell(final Burst burst, final int i, final int maxFrame, final ParsedFrame parsed) {
        if (!FrameParser.parse(burst.head[i], burst.headLength[i], burst.length[i], parsed)) {
            return 0;
        }
        final int mtu = maxFrame - parsed.l3;
        return TooBigMessage.isDue(burst.head[i], parsed, mtu) ? mtu : 0;
    }

    /**
     * Answers a frame that does not fit, where that is due and may be.
     *
     * @param maxFrame bytes of the largest frame that fits
     * @param flooded whether the same frame may be refused again, for which it is not answered twice
     * @param otherwise the reason to count where nobody can be told
     * @return the reason to count
     */
    DropReason answer(
            final Burst burst, final int i, final int maxFrame, final boolean flooded, final DropReason otherwise) {
        // What came out of a tunnel goes into none; its sender's own switch tells it.
        final int mtu = Egress.isPort(burst.ingress[i]) ? mtuToTell(burst, i, maxFrame, parsed) : 0;
        if (mtu == 0) {
            return otherwise;
        }
        if (flooded && i == answeredFlood) {
            return DropReason.TOO_BIG_TOLD;
        }
        if (answers.size == Burst.CAPACITY || !limit.take(Egress.id(burst.ingress[i]), nanoClock.getAsLong())) {
            return DropReason.TOO_BIG_UNTOLD;
        }
        answeredFlood = flooded ? i : NONE;
        put(burst, i, mtu);
        return DropReason.TOO_BIG_TOLD;
    }

    private void put(final Burst burst, final int i, final int mtu) {
        final int k = answers.size;
        final long to = slots + (long) k * SLOT + Burst.HEADROOM;
        final int headers = TooBigMessage.headersLength(parsed);
        final int quoted = TooBigMessage.quoted(parsed);
        quote(burst, i, to + headers, quoted);
        TooBigMessage.write(to, burst.head[i], parsed, mtu, quoted);
        answers.add(to, headers + quoted);
        answers.network[k] = burst.network[i];
        answers.ingress[k] = burst.ingress[i];
        answers.hash[k] = burst.hash[i];
        answers.ecn[k] = 0;
        answers.sends[k] = 0;
    }

    /** Copies the packet's first bytes; the parser has seen that head and body together have that many. */
    private void quote(final Burst burst, final int i, final long to, final int bytes) {
        int copied = Math.min(bytes, burst.headLength[i] - parsed.l3);
        Mem.copy(burst.head[i] + parsed.l3, to, copied);
        final int end = burst.firstSegment[i] + burst.segmentCount[i];
        for (int s = burst.firstSegment[i]; s < end && copied < bytes; s++) {
            final int piece = Math.min(bytes - copied, burst.segmentLength[s]);
            Mem.copy(burst.segmentAddress[s], to + copied, piece);
            copied += piece;
        }
        // Had the parts been shorter than the whole, what an earlier answer left here must not go out.
        Mem.fill(to + copied, bytes - copied, 0);
    }

    /** Answers that are to be sent to the ports in their {@link Burst#ingress}. */
    Burst answers() {
        return answers;
    }

    /** The burst is over: what was answered is sent, or given up. */
    void clear() {
        answers.clear();
        answeredFlood = NONE;
    }
}
