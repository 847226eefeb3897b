package io.weft.dataplane.bpf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Assembles a program of the kernel's virtual machine (RFC 9669): each instruction is one long in native order, opcode in
 * the lowest byte, then registers, offset and constant. Labels are forward or back.
 *
 * <p>Owned by one thread.
 */
final class Assembler {
    static final int R0 = 0;
    static final int R1 = 1;
    static final int R2 = 2;
    static final int R3 = 3;
    static final int R4 = 4;
    static final int R6 = 6;
    static final int R7 = 7;
    static final int R8 = 8;
    static final int R9 = 9;
    /** The frame pointer; the stack lies below it. */
    static final int R10 = 10;

    /** Sizes of loads and stores. */
    static final int BYTE = 0x10;

    static final int HALF = 0x08;
    static final int WORD = 0x00;
    static final int LONG = 0x18;

    /** Conditions of {@link #jump}. */
    static final int EQUAL = 0x10;

    static final int NOT_EQUAL = 0x50;
    static final int ABOVE = 0x20;
    static final int BELOW = 0xa0;

    /** Helpers of {@link #call}. */
    static final int MAP_LOOKUP = 1;

    static final int REDIRECT_MAP = 51;

    private static final int ALU64 = 0x07;
    private static final int JMP = 0x05;
    private static final int REGISTER = 0x08;
    private static final int LDX = 0x61;
    private static final int STX = 0x63;
    private static final int ST = 0x62;
    private static final int LOAD_MAP = 0x18;
    private static final int PSEUDO_MAP = 1;
    private static final int TO_NETWORK = 0xdc;
    private static final int ATOMIC_ADD = 0xdb;

    private final List<Long> code = new ArrayList<>();
    private int[] labels = new int[8];
    private final List<int[]> jumps = new ArrayList<>();
    private int labelCount;

    /** A place to jump to, {@link #here} says where. */
    int label() {
        if (labelCount == labels.length) {
            labels = Arrays.copyOf(labels, 2 * labels.length);
        }
        return labelCount++;
    }

    void here(final int label) {
        labels[label] = code.size();
    }

    void set(final int to, final int value) {
        emit(0xb0 | ALU64, to, 0, 0, value);
    }

    void move(final int to, final int from) {
        emit(0xb0 | ALU64 | REGISTER, to, from, 0, 0);
    }

    void add(final int to, final int value) {
        emit(ALU64, to, 0, 0, value);
    }

    void addRegister(final int to, final int from) {
        emit(ALU64 | REGISTER, to, from, 0, 0);
    }

    void and(final int to, final int mask) {
        emit(0x50 | ALU64, to, 0, 0, mask);
    }

    void shiftLeft(final int to, final int bits) {
        emit(0x60 | ALU64, to, 0, 0, bits);
    }

    void shiftRight(final int to, final int bits) {
        emit(0x70 | ALU64, to, 0, 0, bits);
    }

    /** Turns 16 bits that were loaded from a packet into a number. */
    void number16(final int register) {
        emit(TO_NETWORK, register, 0, 0, 16);
    }

    void load(final int size, final int to, final int from, final int offset) {
        emit(LDX | size, to, from, offset, 0);
    }

    void store(final int size, final int to, final int offset, final int from) {
        emit(STX | size, to, from, offset, 0);
    }

    void storeValue(final int size, final int to, final int offset, final int value) {
        emit(ST | size, to, 0, offset, value);
    }

    void atomicAdd(final int to, final int offset, final int from) {
        emit(ATOMIC_ADD, to, from, offset, 0);
    }

    void jump(final int label) {
        jumpTo(label, JMP, 0, 0, 0);
    }

    void jump(final int condition, final int register, final int value, final int label) {
        jumpTo(label, condition | JMP, register, 0, value);
    }

    void jumpRegister(final int condition, final int register, final int other, final int label) {
        jumpTo(label, condition | JMP | REGISTER, register, other, 0);
    }

    /** Puts a map into a register, for {@link #call}. */
    void map(final int to, final int fd) {
        emit(LOAD_MAP, to, PSEUDO_MAP, 0, fd);
        code.add(0L);
    }

    void call(final int helper) {
        emit(0x80 | JMP, 0, 0, 0, helper);
    }

    void exit() {
        emit(0x90 | JMP, 0, 0, 0, 0);
    }

    long[] assemble() {
        final long[] program = code.stream().mapToLong(Long::longValue).toArray();
        for (final int[] jump : jumps) {
            final int offset = labels[jump[1]] - jump[0] - 1;
            program[jump[0]] |= (offset & 0xffffL) << 16;
        }
        return program;
    }

    private void jumpTo(final int label, final int opcode, final int register, final int other, final int value) {
        jumps.add(new int[] {code.size(), label});
        emit(opcode, register, other, 0, value);
    }

    private void emit(final int opcode, final int to, final int from, final int offset, final int value) {
        code.add(opcode | (long) to << 8 | (long) from << 12 | (offset & 0xffffL) << 16 | (long) value << 32);
    }
}
