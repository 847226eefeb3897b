package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.weft.dataplane.sys.EventFd;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That no kick and no call is lost, whatever the order in which driver and device run and memory shows their stores. */
class KickRaceTest {
    /**
     * Barriers of the code that no schedule needs, as another one stands for them: the available index is read with
     * acquire before heads; before and behind the event areas there is a fence.
     */
    private static final Set<String> SPARE = Set.of(
            "fill: ACQUIRE HEAD",
            "complete: ACQUIRE USED_EVENT",
            "complete: ACQUIRE AVAIL_FLAGS",
            "requestKicks: ACQUIRE AVAIL_IDX",
            "complete: ACQUIRE DRIVER_OFF",
            "complete: ACQUIRE DRIVER_FLAGS",
            "requestKicks: RELEASE DEVICE_FLAGS",
            "requestKicks: ACQUIRE SLOT",
            "suppressKicks: RELEASE DEVICE_FLAGS");

    @Tag("T4")
    @ParameterizedTest(name = "packed {0}, event index {1}")
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void shouldLoseNoKickAndNoCallInAnySchedule(final boolean packed, final boolean eventIdx) {
        final WeakMemory.Outcome outcome = new KickModel(packed, eventIdx).explore();
        System.out.println(outcome.states() + " states");
        assertEquals("", outcome.wrong());
    }

    @Tag("T4")
    @ParameterizedTest(name = "packed {0}, event index {1}")
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void shouldNoticeEveryBarrierThatIsTakenAway(final boolean packed, final boolean eventIdx) {
        final Set<String> missed = new TreeSet<>();
        for (final int barrier : new KickModel(packed, eventIdx).barriers()) {
            final KickModel model = new KickModel(packed, eventIdx);
            final String name = model.barrier(barrier);
            if (!SPARE.contains(name)) {
                model.weaken(barrier);
                final WeakMemory.Outcome outcome = model.explore();
                System.out.println(name + " taken away: " + outcome.wrong());
                if (outcome.wrong().isEmpty()) {
                    missed.add(name);
                }
            }
        }
        assertEquals(Set.of(), missed);
    }

    @ParameterizedTest(name = "packed {0}, event index {1}")
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void shouldNeedTheDriversFences(final boolean packed, final boolean eventIdx) {
        final KickModel model = new KickModel(packed, eventIdx);
        model.weakenDriver();
        assertNotEquals("", model.explore().wrong());
    }

    @Tag("T3")
    @Tag("T4")
    @Test
    void shouldExecuteTheStepsOfTheModel() {
        new SteppedClasses().make(Comparison.class).run();
    }

    /** Runs the product's methods step by step and compares. Run with stepped classes. */
    public static final class Comparison implements Runnable {
        @Override
        public void run() {
            for (final boolean packed : new boolean[] {false, true}) {
                for (final boolean eventIdx : new boolean[] {false, true}) {
                    compare(packed, eventIdx);
                }
            }
        }

        private static void compare(final boolean packed, final boolean eventIdx) {
            final long features = (packed ? VirtioFeatures.RING_PACKED : 0) | (eventIdx ? VirtioFeatures.EVENT_IDX : 0);
            final KickModel model = new KickModel(packed, eventIdx);
            try (RingRig rig = new RingRig(RingRig.TRANSMIT, features, 4);
                    EventFd call = new EventFd()) {
                rig.queue.callFd(call.fd());
                final Recorder recorder = new Recorder(rig);
                rig.driver.wantCalls(true);
                rig.driver.buffer(0, 60, false).add(1);
                rig.driver.publish();
                assertEquals(model.accesses("fill"), recorder.of(() -> rig.queue.fill(1)));
                assertEquals(model.accesses("complete"), recorder.of(rig.queue::complete));
                assertEquals(model.accesses("requestKicks"), recorder.of(rig.queue::requestKicks));
                assertEquals(model.accesses("suppressKicks"), recorder.of(rig.queue::suppressKicks));
            } catch (final io.weft.dataplane.sys.ErrnoException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** What the product does to a ring, in the model's words; neighbours of the same name are one. */
    private static final class Recorder {
        private final RingRig rig;
        private final RingSetup setup;

        Recorder(final RingRig rig) {
            this.rig = rig;
            setup = rig.driver.setup(rig.index, rig.features, rig.memory, false, rig.journal);
        }

        List<String> of(final Runnable method) {
            final List<String> accesses = new ArrayList<>();
            Steps.hook((kind, address, bytes) -> {
                final String where = kind == Steps.Kind.FENCE ? "" : kind == Steps.Kind.SIGNAL ? "CALL" : name(address);
                final String access = (kind + " " + where).trim();
                if (!where.equals("private")
                        && (accesses.isEmpty() || !accesses.getLast().equals(access))) {
                    accesses.add(access);
                }
            });
            method.run();
            Steps.none();
            return accesses;
        }

        private String name(final long address) {
            final long table = address - setup.descriptors();
            if (table >= 0 && table < 16L * setup.size()) {
                return !rig.packed() ? "DESC" : table % 16 < 8 ? "ADDR" : "SLOT";
            }
            final long driver = address - setup.driver();
            final long device = address - setup.device();
            if (rig.packed()) {
                return driver == 0
                        ? "DRIVER_OFF"
                        : driver == 2
                                ? "DRIVER_FLAGS"
                                : device == 0 ? "DEVICE_OFF" : device == 2 ? "DEVICE_FLAGS" : "private";
            }
            if (driver >= 0 && driver < 6 + 2L * setup.size()) {
                return split(driver, 2, "AVAIL_FLAGS", "AVAIL_IDX", "HEAD", "USED_EVENT");
            }
            return device >= 0 && device < 6 + 8L * setup.size()
                    ? split(device, 8, "USED_FLAGS", "USED_IDX", "ELEM", "AVAIL_EVENT")
                    : "private";
        }

        private String split(final long offset, final int entry, final String... parts) {
            return offset == 0
                    ? parts[0]
                    : offset == 2 ? parts[1] : offset < 4 + (long) entry * setup.size() ? parts[2] : parts[3];
        }
    }
}
