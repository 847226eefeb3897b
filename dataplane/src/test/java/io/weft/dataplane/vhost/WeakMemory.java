package io.weft.dataplane.vhost;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Every schedule of two step sequences over memory as weak as the Java and C memory models allow (relaxed, acquire and
 * release accesses, sequentially consistent fences; without speculation): a read may give any value that the reader has
 * not been told is overtaken. States are kept, so that each is visited once.
 *
 * <p>Each location holds the messages that were written to it. A thread has views: for each location the newest message
 * that it must know of (now; once it fences; at its last fence, for what it writes relaxed). A message carries the view
 * that an acquiring reader takes over. An eventfd synchronises whoever signals it with whoever is woken.
 */
final class WeakMemory {
    /** Registers of a thread. */
    static final int REGISTERS = 8;

    /** What a step does with the registers besides; returns a label to go on at, or -1 for the next step. */
    interface Then {
        int apply(int[] registers, int value);
    }

    /** A number from the registers. */
    interface Of {
        int of(int[] registers);
    }

    /**
     * One step.
     *
     * @param procedure the product's method that it belongs to
     * @param kind of access; SIGNAL with a {@code location} of an eventfd
     * @param location from the registers
     * @param value written; null: it is a read
     */
    record Step(String procedure, Steps.Kind kind, boolean waits, Of location, Of value, Then then) {}

    /** What went wrong, if anything. */
    record Outcome(int states, String wrong) {}

    private final int locations;
    private final Step[][] threads;
    private final IntPredicate[] done;
    private final int[] initial;

    private static final class Message {
        private final int value;
        private final int[] view;

        Message(final int value, final int[] view) {
            this.value = value;
            this.view = view;
        }
    }

    private static final class State {
        private List<List<Message>> memory = new ArrayList<>();
        private final int[] pc = new int[2];
        private final int[][] registers = new int[2][REGISTERS];
        private final int[][] now = new int[2][];
        private final int[][] atFence = new int[2][];
        private final int[][] fenced = new int[2][];
        private int[] global;
        private final boolean[] signalled = new boolean[2];
        private final int[][] signal = new int[2][];

        State copy() {
            final State copy = new State();
            for (final List<Message> messages : memory) {
                copy.memory.add(new ArrayList<>(messages));
            }
            System.arraycopy(pc, 0, copy.pc, 0, 2);
            for (int t = 0; t < 2; t++) {
                copy.registers[t] = registers[t].clone();
                copy.now[t] = now[t].clone();
                copy.atFence[t] = atFence[t].clone();
                copy.fenced[t] = fenced[t].clone();
                copy.signal[t] = signal[t].clone();
                copy.signalled[t] = signalled[t];
            }
            copy.global = global.clone();
            return copy;
        }

        String key() {
            final StringBuilder key = new StringBuilder(256);
            for (int t = 0; t < 2; t++) {
                key.append(pc[t]).append(signalled[t] ? '!' : '.');
                append(key, registers[t]);
                append(key, now[t]);
                append(key, atFence[t]);
                append(key, fenced[t]);
                append(key, signal[t]);
            }
            append(key, global);
            for (final List<Message> messages : memory) {
                key.append('|');
                for (final Message message : messages) {
                    key.append((char) ('0' + message.value));
                    append(key, message.view);
                }
            }
            return key.toString();
        }

        private static void append(final StringBuilder key, final int[] values) {
            for (final int value : values) {
                key.append((char) ('0' + value));
            }
            key.append(' ');
        }
    }

    /**
     * @param initial value of each location
     * @param threads step sequences; a thread that went past its last step has ended
     * @param done for each thread, whether it may rest where it stands, by step
     */
    WeakMemory(final int[] initial, final Step[][] threads, final IntPredicate[] done) {
        this.initial = initial.clone();
        locations = initial.length;
        this.threads = threads;
        this.done = done;
    }

    /** Thrown by a step: the value it read is wrong. */
    static final class Wrong extends RuntimeException {
        private static final long serialVersionUID = 1;

        Wrong(final String what) {
            super(what, null, false, false);
        }
    }

    Outcome explore() {
        final Set<String> seen = new HashSet<>();
        final ArrayDeque<State> open = new ArrayDeque<>();
        final State first = new State();
        for (final int value : initial) {
            first.memory.add(new ArrayList<>(List.of(new Message(value, new int[locations]))));
        }
        first.global = new int[locations];
        for (int t = 0; t < 2; t++) {
            first.now[t] = new int[locations];
            first.atFence[t] = new int[locations];
            first.fenced[t] = new int[locations];
            first.signal[t] = new int[locations];
        }
        open.push(first);
        seen.add(first.key());
        try {
            while (!open.isEmpty()) {
                final State state = open.pop();
                final List<State> next = new ArrayList<>();
                for (int t = 0; t < 2; t++) {
                    step(state, t, next);
                }
                if (next.isEmpty() && !(done[0].test(state.pc[0]) && done[1].test(state.pc[1]))) {
                    return new Outcome(
                            seen.size(),
                            "stuck: steps " + Arrays.toString(state.pc) + " registers "
                                    + Arrays.deepToString(state.registers));
                }
                if (next.isEmpty()) {
                    rest(state);
                }
                for (final State s : next) {
                    if (seen.add(s.key())) {
                        open.push(s);
                    }
                }
                if (seen.size() > 3_000_000) {
                    throw new IllegalStateException("too many states");
                }
            }
        } catch (final Wrong wrong) {
            return new Outcome(seen.size(), wrong.getMessage());
        }
        return new Outcome(seen.size(), "");
    }

    /** Both rest: the last step of the second thread says whether that is right. */
    private static void rest(final State state) {
        if (state.registers[0][0] != state.registers[1][0]) {
            throw new Wrong(
                    "rests with " + state.registers[0][0] + " made available and " + state.registers[1][0] + " taken");
        }
    }

    private void step(final State from, final int t, final List<State> next) {
        if (from.pc[t] >= threads[t].length) {
            return;
        }
        final Step step = threads[t][from.pc[t]];
        if (step.kind() == Steps.Kind.SIGNAL) {
            signalOrWait(from, t, step, next);
        } else if (step.kind() == Steps.Kind.FENCE) {
            final State s = from.copy();
            join(s.now[t], s.atFence[t]);
            join(s.now[t], s.global);
            s.global = s.now[t].clone();
            s.fenced[t] = s.now[t].clone();
            s.atFence[t] = s.now[t].clone();
            go(s, t, step, 0, next);
        } else if (step.value() != null) {
            write(from.copy(), t, step, next);
        } else {
            final int location = step.location().of(from.registers[t]);
            final List<Message> messages = from.memory.get(location);
            for (int m = from.now[t][location]; m < messages.size(); m++) {
                final State s = from.copy();
                s.now[t][location] = m;
                s.atFence[t][location] = Math.max(s.atFence[t][location], m);
                join(s.atFence[t], messages.get(m).view);
                if (step.kind() == Steps.Kind.ACQUIRE) {
                    join(s.now[t], messages.get(m).view);
                }
                go(s, t, step, messages.get(m).value, next);
            }
        }
    }

    private void write(final State s, final int t, final Step step, final List<State> next) {
        final int location = step.location().of(s.registers[t]);
        final List<Message> messages = s.memory.get(location);
        final int at = messages.size();
        s.now[t][location] = at;
        s.atFence[t][location] = at;
        final int[] view = step.kind() == Steps.Kind.RELEASE ? s.now[t].clone() : s.fenced[t].clone();
        view[location] = at;
        messages.add(new Message(step.value().of(s.registers[t]), view));
        go(s, t, step, 0, next);
    }

    private void signalOrWait(final State from, final int t, final Step step, final List<State> next) {
        final int eventfd = step.location().of(from.registers[t]);
        if (step.waits() && !from.signalled[eventfd]) {
            return;
        }
        final State s = from.copy();
        if (step.waits()) {
            s.signalled[eventfd] = false;
            join(s.now[t], s.signal[eventfd]);
            join(s.atFence[t], s.signal[eventfd]);
        } else {
            s.signalled[eventfd] = true;
            join(s.signal[eventfd], s.now[t]);
        }
        go(s, t, step, 0, next);
    }

    private static void go(final State s, final int t, final Step step, final int value, final List<State> next) {
        final int to = step.then().apply(s.registers[t], value);
        s.pc[t] = to < 0 ? s.pc[t] + 1 : to;
        next.add(s);
    }

    private static void join(final int[] into, final int[] view) {
        for (int i = 0; i < into.length; i++) {
            into[i] = Math.max(into[i], view[i]);
        }
    }
}
