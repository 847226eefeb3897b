package io.weft.dataplane.port;

import io.weft.dataplane.api.SwitchException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tcpdump filter expression for Ethernet frames: compiled by libpcap, run here, on bytes that nobody else has. The
 * machine is the classic BPF one (McCanne and Jacobson, 1993); reading beyond a frame ends with no.
 *
 * <p>Owned by the thread that asks it; {@link #compile} by any.
 */
public final class CaptureFilter {
    private static final int CLASS = 0x07;
    private static final int LD = 0x00;
    private static final int LDX = 0x01;
    private static final int ST = 0x02;
    private static final int STX = 0x03;
    private static final int ALU = 0x04;
    private static final int JMP = 0x05;
    private static final int RET = 0x06;
    private static final int SIZE = 0x18;
    private static final int WORD = 0x00;
    private static final int HALF = 0x08;
    private static final int MODE = 0xe0;
    private static final int IMMEDIATE = 0x00;
    private static final int ABSOLUTE = 0x20;
    private static final int INDIRECT = 0x40;
    private static final int MEMORY = 0x60;
    private static final int LENGTH = 0x80;
    private static final int HEADER = 0xa0;
    private static final int OPERATION = 0xf0;
    private static final int FROM_X = 0x08;
    private static final int RETURN_A = 0x10;
    private static final int TXA = 0x80;
    private static final int BYTES = 8;

    private final String expression;
    private final short[] codes;
    private final byte[] whenTrue;
    private final byte[] whenFalse;
    private final int[] operands;
    private final int[] memory = new int[16];
    private boolean outside;

    private CaptureFilter(final String expression, final byte[] program) {
        this.expression = expression;
        final int count = program.length / BYTES;
        final ByteBuffer in = ByteBuffer.wrap(program).order(ByteOrder.nativeOrder());
        codes = new short[count];
        whenTrue = new byte[count];
        whenFalse = new byte[count];
        operands = new int[count];
        for (int i = 0; i < count; i++) {
            codes[i] = in.getShort();
            whenTrue[i] = in.get();
            whenFalse[i] = in.get();
            operands[i] = in.getInt();
        }
    }

    /**
     * Compiles; names of hosts in it are looked up, so this may take a while.
     *
     * @throws SwitchException in one line, when libpcap is not installed or the expression is wrong
     */
    public static CaptureFilter compile(final String expression) {
        return new CaptureFilter(expression, Libpcap.compile(expression));
    }

    public String expression() {
        return expression;
    }

    /**
     * Says whether a frame passes.
     *
     * @param captured bytes that there are
     * @param length bytes that the frame has
     */
    public boolean matches(final byte[] frame, final int captured, final int length) {
        int a = 0;
        int x = 0;
        int pc = 0;
        outside = false;
        // Jumps go forward only, so it ends.
        while (pc < codes.length) {
            final int code = codes[pc] & 0xffff;
            final int k = operands[pc];
            switch (code & CLASS) {
                case LD -> a = load(code, k, x, frame, captured, length);
                case LDX -> x = loadIndex(code, k, frame, captured, length);
                case ST -> memory[k & 15] = a;
                case STX -> memory[k & 15] = x;
                case ALU -> a = compute(code & OPERATION, a, (code & FROM_X) == 0 ? k : x);
                case JMP -> pc += jump(code, pc, a, (code & FROM_X) == 0 ? k : x);
                case RET -> {
                    return ((code & 0x18) == RETURN_A ? a : k) != 0;
                }
                default -> {
                    if ((code & 0xf8) == TXA) {
                        a = x;
                    } else {
                        x = a;
                    }
                }
            }
            if (outside) {
                return false;
            }
            pc++;
        }
        return false;
    }

    private int load(
            final int code, final int k, final int x, final byte[] frame, final int captured, final int length) {
        return switch (code & MODE) {
            case IMMEDIATE -> k;
            case ABSOLUTE -> read(code & SIZE, k & 0xffff_ffffL, frame, captured);
            case INDIRECT -> read(code & SIZE, (x & 0xffff_ffffL) + k, frame, captured);
            case MEMORY -> memory[k & 15];
            case LENGTH -> length;
            default -> end();
        };
    }

    private int loadIndex(final int code, final int k, final byte[] frame, final int captured, final int length) {
        return switch (code & MODE) {
            case IMMEDIATE -> k;
            case MEMORY -> memory[k & 15];
            case LENGTH -> length;
            case HEADER -> (read(0x10, k & 0xffff_ffffL, frame, captured) & 0xf) << 2;
            default -> end();
        };
    }

    private int read(final int size, final long at, final byte[] frame, final int captured) {
        final int bytes = size == WORD ? 4 : size == HALF ? 2 : 1;
        if (at < 0 || at + bytes > captured) {
            return end();
        }
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << 8 | (frame[(int) at + i] & 0xff);
        }
        return value;
    }

    private int compute(final int operation, final int a, final int b) {
        return switch (operation) {
            case 0x00 -> a + b;
            case 0x10 -> a - b;
            case 0x20 -> a * b;
            case 0x30 -> b == 0 ? end() : Integer.divideUnsigned(a, b);
            case 0x40 -> a | b;
            case 0x50 -> a & b;
            case 0x60 -> b >>> 5 != 0 ? 0 : a << b;
            case 0x70 -> b >>> 5 != 0 ? 0 : a >>> b;
            case 0x80 -> -a;
            case 0x90 -> b == 0 ? end() : Integer.remainderUnsigned(a, b);
            case 0xa0 -> a ^ b;
            default -> end();
        };
    }

    private int jump(final int code, final int pc, final int a, final int b) {
        final boolean taken =
                switch (code & OPERATION) {
                    case 0x10 -> a == b;
                    case 0x20 -> Integer.compareUnsigned(a, b) > 0;
                    case 0x30 -> Integer.compareUnsigned(a, b) >= 0;
                    case 0x40 -> (a & b) != 0;
                    default -> true;
                };
        if ((code & OPERATION) == 0) {
            return operands[pc] < 0 ? end() : operands[pc];
        }
        return (taken ? whenTrue[pc] : whenFalse[pc]) & 0xff;
    }

    /** The program asks for what is not there: it ends, and the frame does not pass. */
    private int end() {
        outside = true;
        return 0;
    }
}
