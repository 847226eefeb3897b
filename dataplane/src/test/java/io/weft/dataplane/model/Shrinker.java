package io.weft.dataplane.model;

import java.util.ArrayList;
import java.util.List;

/** Leaves out of the steps to a difference what is not needed for one, as far as the time goes. */
final class Shrinker {
    private final int workers;
    private final boolean acceptAny;
    private final long until;

    Shrinker(final int workers, final boolean acceptAny, final long nanos) {
        this.workers = workers;
        this.acceptAny = acceptAny;
        until = System.nanoTime() + nanos;
    }

    List<Step> shrink(final List<Step> steps) {
        if (!differs(steps)) {
            return steps;
        }
        List<Step> few = withoutEarlyFrames(steps);
        for (int piece = few.size() / 2; piece > 0; piece /= 2) {
            for (int at = 0; at < few.size() && System.nanoTime() - until < 0; ) {
                final List<Step> fewer = new ArrayList<>(few.subList(0, at));
                fewer.addAll(few.subList(Math.min(few.size(), at + piece), few.size()));
                if (differs(fewer)) {
                    few = fewer;
                } else {
                    at += piece;
                }
            }
        }
        return singles(few);
    }

    /** As few of the last frames as lead there with all changes: each try gets shorter. */
    private List<Step> withoutEarlyFrames(final List<Step> steps) {
        for (int last = 8; last < steps.size(); last *= 4) {
            final List<Step> few = new ArrayList<>();
            for (int i = 0; i < steps.size(); i++) {
                if (i >= steps.size() - last || steps.get(i) instanceof Step.Changed) {
                    few.add(steps.get(i));
                }
            }
            if (differs(few)) {
                return few;
            }
        }
        return new ArrayList<>(steps);
    }

    /** Bursts of one frame, where that is enough. */
    private List<Step> singles(final List<Step> steps) {
        List<Step> few = steps;
        for (int i = 0; i < few.size() && System.nanoTime() - until < 0; i++) {
            if (few.get(i) instanceof final Step.Frames burst && burst.frames().size() > 1) {
                for (final Frame frame : burst.frames()) {
                    final List<Step> fewer = new ArrayList<>(few);
                    fewer.set(i, new Step.Frames(burst.source(), burst.queue(), List.of(frame)));
                    if (differs(fewer)) {
                        few = fewer;
                        break;
                    }
                }
            }
        }
        return few;
    }

    private boolean differs(final List<Step> steps) {
        try (Duel duel = new Duel(workers, acceptAny)) {
            for (final Step step : steps) {
                duel.play(step);
            }
            return false;
        } catch (final RuntimeException e) {
            return true;
        }
    }
}
