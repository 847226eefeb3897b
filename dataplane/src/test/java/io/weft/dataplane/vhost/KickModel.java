package io.weft.dataplane.vhost;

import io.weft.dataplane.vhost.Steps.Kind;
import io.weft.dataplane.vhost.WeakMemory.Of;
import io.weft.dataplane.vhost.WeakMemory.Step;
import io.weft.dataplane.vhost.WeakMemory.Then;
import io.weft.dataplane.vhost.WeakMemory.Wrong;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A driver and a device that pass chains through one ring and sleep when there is nothing to do, as step sequences for
 * {@link WeakMemory}. The device's steps are those of {@link SplitQueue} and {@link PackedQueue}, by the names of their
 * methods; {@link KickRaceTest} holds them against what the product executes.
 *
 * <p>Register 0 counts chains made available (driver) and taken (device), register 1 collected and used ones.
 */
final class KickModel {
    /** Chains that the driver makes available, one after the other. */
    static final int CHAINS = 2;

    private static final int NEXT = -1;
    private static final int KICK = 0;
    private static final int CALL = 1;
    private static final int NEVER = 9;
    private static final int DISABLE = 1;
    private static final int DESC = 2;

    private final boolean packed;
    private final boolean eventIdx;
    private final Map<String, Integer> locations = new LinkedHashMap<>();
    private final List<Integer> initial = new ArrayList<>();
    private final List<Step> driver = new ArrayList<>();
    private final List<Step> device = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<Step, String> names = new HashMap<>();
    private List<Step> building;
    private String procedure = "";

    KickModel(final boolean packed, final boolean eventIdx) {
        this.packed = packed;
        this.eventIdx = eventIdx;
        if (packed) {
            for (final String each : new String[] {"ADDR", "SLOT", "DATA"}) {
                for (int i = 0; i <= CHAINS; i++) {
                    location(each + i, 0);
                }
            }
            location("DRIVER_OFF", NEVER);
            location("DRIVER_FLAGS", DISABLE);
            location("DEVICE_OFF", NEVER);
            location("DEVICE_FLAGS", DISABLE);
            building = driver;
            packedDriver();
            building = device;
            packedDevice();
        } else {
            for (final String each : new String[] {"DESC", "HEAD", "ELEM", "DATA"}) {
                for (int i = 0; i <= CHAINS; i++) {
                    location(each + i, 0);
                }
            }
            location("AVAIL_IDX", 0);
            location("USED_IDX", 0);
            location(eventIdx ? "AVAIL_EVENT" : "USED_FLAGS", eventIdx ? NEVER : 1);
            location(eventIdx ? "USED_EVENT" : "AVAIL_FLAGS", eventIdx ? NEVER : 1);
            building = driver;
            splitDriver();
            building = device;
            splitDevice();
        }
    }

    private void location(final String name, final int value) {
        locations.put(name, initial.size());
        initial.add(value);
    }

    // What a step sequence is made of.

    private void label(final String name) {
        labels.put(name, building.size());
    }

    private int at(final String label) {
        return labels.get(label);
    }

    private Of cell(final String name) {
        final int location = locations.get(name);
        return registers -> location;
    }

    /** Location number {@code register} of a group. */
    private Of cell(final String group, final int register) {
        final int first = locations.get(group + 0);
        return registers -> first + registers[register];
    }

    private void add(final Kind kind, final String name, final Of location, final Of value, final Then then) {
        final Step step = new Step(procedure, kind, false, location, value, then);
        building.add(step);
        names.put(step, name);
    }

    private void read(final Kind kind, final String name, final Then then) {
        add(kind, name, cell(name), null, then);
    }

    private void readOf(final Kind kind, final String group, final int register, final Then then) {
        add(kind, group, cell(group, register), null, then);
    }

    private void write(final Kind kind, final String name, final Of value, final Then then) {
        add(kind, name, cell(name), value, then);
    }

    private void writeOf(final Kind kind, final String group, final int register, final Of value, final Then then) {
        add(kind, group, cell(group, register), value, then);
    }

    private void fence() {
        add(Kind.FENCE, "", null, null, (r, v) -> NEXT);
    }

    private void signal(final int eventfd, final Then then) {
        add(Kind.SIGNAL, eventfd == KICK ? "KICK" : "CALL", r -> eventfd, null, then);
    }

    private void sleep(final int eventfd, final Then then) {
        final Step step = new Step("", Kind.SIGNAL, true, r -> eventfd, null, then);
        building.add(step);
        names.put(step, "sleep");
    }

    private static int next(final int[] registers, final int value) {
        return NEXT;
    }

    /** The chain's content must be there when what announces it is. */
    private static int there(final int[] registers, final int value) {
        if (value != 1) {
            throw new Wrong("what was announced is not there");
        }
        return NEXT;
    }

    // A split ring (virtio 1.2, 2.7.13 and 2.7.14).

    private void splitDriver() {
        label("add");
        writeOf(Kind.WRITE, "DESC", 0, r -> 1, KickModel::next);
        writeOf(Kind.WRITE, "HEAD", 0, r -> 1, KickModel::next);
        write(Kind.RELEASE, "AVAIL_IDX", r -> r[0] + 1, (r, v) -> {
            r[0]++;
            return NEXT;
        });
        fence();
        read(Kind.READ, eventIdx ? "AVAIL_EVENT" : "USED_FLAGS", (r, v) -> {
            final boolean wanted = eventIdx ? v == r[0] - 1 : v == 0;
            return wanted ? NEXT : at("added");
        });
        signal(KICK, (r, v) -> NEXT);
        label("added");
        read(Kind.ACQUIRE, "USED_IDX", (r, v) -> {
            r[2] = v;
            return r[0] < CHAINS ? at("add") : v > r[1] ? at("collect") : at("arm");
        });
        label("collect");
        readOf(Kind.READ, "ELEM", 1, KickModel::there);
        readOf(Kind.READ, "DATA", 1, (r, v) -> {
            there(r, v);
            r[1]++;
            return r[1] == CHAINS ? at("driver ends") : r[1] < r[2] ? at("collect") : at("added");
        });
        label("arm");
        write(Kind.WRITE, eventIdx ? "USED_EVENT" : "AVAIL_FLAGS", r -> eventIdx ? r[1] : 0, KickModel::next);
        fence();
        read(Kind.ACQUIRE, "USED_IDX", (r, v) -> v == r[1] ? NEXT : at("disarm"));
        sleep(CALL, (r, v) -> NEXT);
        label("disarm");
        if (eventIdx) {
            read(Kind.READ, "USED_EVENT", (r, v) -> at("added"));
        } else {
            write(Kind.WRITE, "AVAIL_FLAGS", r -> 1, (r, v) -> at("added"));
        }
        label("driver ends");
    }

    private void splitDevice() {
        label("poll");
        procedure = "fill";
        read(Kind.ACQUIRE, "AVAIL_IDX", (r, v) -> {
            r[2] = v;
            return v == r[0] ? at("request") : NEXT;
        });
        label("take");
        readOf(Kind.ACQUIRE, "HEAD", 0, KickModel::there);
        readOf(Kind.READ, "DESC", 0, (r, v) -> {
            there(r, v);
            r[0]++;
            return r[0] < r[2] ? at("take") : NEXT;
        });
        copy();
        procedure = "complete";
        label("elements");
        writeOf(Kind.WRITE, "ELEM", 3, r -> 1, (r, v) -> ++r[3] < r[0] ? at("elements") : NEXT);
        write(Kind.RELEASE, "USED_IDX", r -> r[0], KickModel::next);
        fence();
        read(Kind.ACQUIRE, eventIdx ? "USED_EVENT" : "AVAIL_FLAGS", (r, v) -> {
            final boolean wanted = eventIdx ? v >= r[1] && v < r[0] : v == 0;
            r[1] = r[0];
            return wanted ? NEXT : at("poll");
        });
        signal(CALL, (r, v) -> at("poll"));
        label("request");
        procedure = "requestKicks";
        write(Kind.WRITE, eventIdx ? "AVAIL_EVENT" : "USED_FLAGS", r -> eventIdx ? r[0] : 0, KickModel::next);
        fence();
        read(Kind.ACQUIRE, "AVAIL_IDX", (r, v) -> v == r[0] ? NEXT : at("suppress"));
        label("asleep");
        sleep(KICK, (r, v) -> NEXT);
        label("suppress");
        procedure = "suppressKicks";
        if (eventIdx) {
            procedure = "";
            read(Kind.READ, "AVAIL_EVENT", (r, v) -> at("poll"));
        } else {
            write(Kind.WRITE, "USED_FLAGS", r -> 1, (r, v) -> at("poll"));
        }
    }

    /** The bytes of the frames, before they are completed; register 3 ends at the first chain to complete. */
    private void copy() {
        procedure = "";
        label("data");
        writeOf(Kind.WRITE, "DATA", 3, r -> 1, (r, v) -> {
            if (++r[3] < r[0]) {
                return at("data");
            }
            r[3] = packed ? r[0] - 1 : r[1];
            return NEXT;
        });
    }

    // A packed ring (virtio 1.2, 2.8.21 and 2.8.22); a slot's second word is 0, 1 when available, 2 when used.

    private void packedDriver() {
        label("add");
        writeOf(Kind.WRITE, "ADDR", 0, r -> 1, KickModel::next);
        writeOf(Kind.RELEASE, "SLOT", 0, r -> 1, (r, v) -> {
            r[0]++;
            return NEXT;
        });
        fence();
        read(Kind.ACQUIRE, "DEVICE_FLAGS", (r, v) -> v == DISABLE ? at("added") : v == DESC ? NEXT : at("kick"));
        read(Kind.READ, "DEVICE_OFF", (r, v) -> v == r[0] - 1 ? NEXT : at("added"));
        label("kick");
        signal(KICK, (r, v) -> NEXT);
        label("added");
        readOf(Kind.ACQUIRE, "SLOT", 1, (r, v) -> r[0] < CHAINS ? at("add") : v == 2 ? NEXT : at("arm"));
        readOf(Kind.READ, "DATA", 1, (r, v) -> {
            there(r, v);
            r[1]++;
            return r[1] == CHAINS ? at("driver ends") : at("added");
        });
        label("arm");
        if (eventIdx) {
            write(Kind.WRITE, "DRIVER_OFF", r -> r[1], KickModel::next);
        }
        write(Kind.RELEASE, "DRIVER_FLAGS", r -> eventIdx ? DESC : 0, KickModel::next);
        fence();
        readOf(Kind.ACQUIRE, "SLOT", 1, (r, v) -> v == 2 ? at("disarm") : NEXT);
        sleep(CALL, (r, v) -> NEXT);
        label("disarm");
        write(Kind.WRITE, "DRIVER_FLAGS", r -> DISABLE, (r, v) -> at("added"));
        label("driver ends");
    }

    private void packedDevice() {
        label("poll");
        procedure = "fill";
        readOf(Kind.ACQUIRE, "SLOT", 0, (r, v) -> v == 1 ? NEXT : r[0] > r[1] ? at("data") : at("request"));
        readOf(Kind.READ, "ADDR", 0, KickModel::there);
        readOf(Kind.READ, "SLOT", 0, (r, v) -> {
            there(r, v);
            r[0]++;
            return at("poll");
        });
        copy();
        procedure = "complete";
        label("used");
        writeOf(Kind.RELEASE, "SLOT", 3, r -> 2, (r, v) -> {
            if (r[3] > r[1]) {
                r[3]--;
                return at("used");
            }
            r[4] = r[1];
            r[1] = r[0];
            r[3] = r[0];
            return NEXT;
        });
        fence();
        read(Kind.ACQUIRE, "DRIVER_FLAGS", (r, v) -> v == DISABLE ? at("poll") : v == DESC ? NEXT : at("call"));
        if (eventIdx) {
            read(Kind.ACQUIRE, "DRIVER_OFF", (r, v) -> v >= r[4] && v < r[1] ? NEXT : at("poll"));
        }
        label("call");
        signal(CALL, (r, v) -> at("poll"));
        label("request");
        procedure = "requestKicks";
        if (eventIdx) {
            write(Kind.WRITE, "DEVICE_OFF", r -> r[0], KickModel::next);
        }
        write(Kind.RELEASE, "DEVICE_FLAGS", r -> eventIdx ? DESC : 0, KickModel::next);
        fence();
        readOf(Kind.ACQUIRE, "SLOT", 0, (r, v) -> v == 1 ? at("suppress") : NEXT);
        label("asleep");
        sleep(KICK, (r, v) -> NEXT);
        label("suppress");
        procedure = "suppressKicks";
        write(Kind.RELEASE, "DEVICE_FLAGS", r -> DISABLE, KickModel::next);
        write(Kind.WRITE, "DEVICE_OFF", r -> 8, (r, v) -> at("poll"));
    }

    // What tests ask.

    /** Every schedule; wrong is empty where each ends with all chains used and both asleep or at their end. */
    WeakMemory.Outcome explore() {
        final int asleep = at("asleep");
        final int ended = driver.size();
        return new WeakMemory(
                        initial.stream().mapToInt(Integer::intValue).toArray(),
                        new Step[][] {driver.toArray(Step[]::new), device.toArray(Step[]::new)},
                        new java.util.function.IntPredicate[] {pc -> pc == ended, pc -> pc == asleep})
                .explore();
    }

    /** The accesses of one of the product's methods, in order: kind and location. */
    List<String> accesses(final String method) {
        return device.stream()
                .filter(step -> step.procedure().equals(method))
                .map(this::name)
                .toList();
    }

    private String name(final Step step) {
        return (step.kind() + " " + names.get(step)).trim();
    }

    /** The device's steps that order others, by number. */
    List<Integer> barriers() {
        final List<Integer> barriers = new ArrayList<>();
        for (int i = 0; i < device.size(); i++) {
            final Step step = device.get(i);
            if (!step.procedure().isEmpty()
                    && (step.kind() == Kind.FENCE || step.kind() == Kind.ACQUIRE || step.kind() == Kind.RELEASE)) {
                barriers.add(i);
            }
        }
        return barriers;
    }

    /** {@code complete: FENCE}. */
    String barrier(final int step) {
        return device.get(step).procedure() + ": " + name(device.get(step));
    }

    /** Takes one of {@link #barriers} away. */
    void weaken(final int number) {
        final Step step = device.get(number);
        final Step weaker =
                switch (step.kind()) {
                    case FENCE ->
                        new Step(
                                step.procedure(),
                                Kind.READ,
                                false,
                                cell(packed ? "ADDR0" : "DESC0"),
                                null,
                                step.then());
                    case ACQUIRE -> new Step(step.procedure(), Kind.READ, false, step.location(), null, step.then());
                    default ->
                        new Step(step.procedure(), Kind.WRITE, false, step.location(), step.value(), step.then());
                };
        device.set(number, weaker);
    }

    /** Takes the driver's fences away: what the driver owes is not ours, but a model that does not need it is none. */
    void weakenDriver() {
        for (int i = 0; i < driver.size(); i++) {
            if (driver.get(i).kind() == Kind.FENCE) {
                driver.set(i, new Step("", Kind.READ, false, cell(packed ? "ADDR0" : "DESC0"), null, (r, v) -> NEXT));
            }
        }
    }
}
