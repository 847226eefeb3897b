package io.weft.dataplane.model;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A plain model and the real switch are given the same frames, changes and clock by chance, and must do the same.
 *
 * <p>{@code -Dweft.model.seed=N} repeats a run to the frame, {@code -Dweft.model.frames=N} sets its length (for all four
 * kinds of switch together); without them the seed is another each time and is printed.
 */
class RandomSwitchTest {
    private static final long FRAMES =
            Long.getLong("weft.model.frames", Boolean.getBoolean("weft.long") ? 10_000_000 : 200_000);
    /** Steps before a difference that are kept, to be played again; all changes are. */
    private static final int KEPT = 50_000;

    private static final int TOLD = 25;
    private static final long SHRINKING_NANOS = 40_000_000_000L;

    @ParameterizedTest(name = "{0} workers, accept any: {1}")
    @CsvSource({"1, false, 0.45", "1, true, 0.25", "2, false, 0.15", "2, true, 0.15"})
    void shouldDoWhatAPlainModelDoes(final int workers, final boolean acceptAny, final double share) {
        final long seed =
                Long.getLong("weft.model.seed", ThreadLocalRandom.current().nextLong());
        final String settings = "seed " + seed + ", " + workers + " workers, accept any: " + acceptAny;
        System.out.println("random switch: " + settings);
        final Tail tail = new Tail(KEPT);
        final Map<String, Long> reasons = new TreeMap<>();
        long frames = 0;
        try (Duel duel = new Duel(workers, acceptAny)) {
            final Scenario scenario = new Scenario(seed, duel.model, workers == 1);
            while (frames < FRAMES * share) {
                final Step step = scenario.next();
                tail.add(step);
                duel.play(step);
                frames +=
                        step instanceof final Step.Frames burst ? burst.frames().size() : 0;
            }
            reasons.putAll(duel.reasons);
        } catch (final RuntimeException e) {
            final List<Step> few = new Shrinker(workers, acceptAny, SHRINKING_NANOS).shrink(tail.steps());
            final String found = settings + ", after " + frames + " frames: " + e.getMessage()
                    + "\nsteps that lead there:\n" + tell(few);
            System.out.println("random switch: " + found);
            fail(found, e);
        }
        System.out.println("random switch: " + frames + " frames and no difference; dropped: " + reasons);
    }

    private static String tell(final List<Step> steps) {
        final StringBuilder text = new StringBuilder();
        for (final Step step : steps.subList(Math.max(0, steps.size() - TOLD), steps.size())) {
            text.append("  ").append(step).append('\n');
        }
        return text.toString();
    }

    /** The changes, and the last of the other steps, in order. */
    private static final class Tail {
        private final int kept;
        private List<Step> steps = new ArrayList<>();
        private int added;

        Tail(final int kept) {
            this.kept = kept;
        }

        void add(final Step step) {
            steps.add(step);
            if (++added > 2 * kept) {
                added = 0;
                final int from = steps.size() - kept;
                final List<Step> fewer = new ArrayList<>();
                for (int i = 0; i < steps.size(); i++) {
                    if (i >= from || steps.get(i) instanceof Step.Changed) {
                        fewer.add(steps.get(i));
                    }
                }
                steps = fewer;
            }
        }

        List<Step> steps() {
            return steps;
        }
    }
}
