package io.weft.flowcache;

import java.util.Random;

/** Seeded generators that say what they were seeded with; {@code -Dweft.seed=N} repeats a run. */
final class Seeds {
    private Seeds() {}

    static Random random(final String test) {
        final long seed = Long.getLong("weft.seed", 0x5eed_0001L);
        System.out.println(test + ": seed " + seed);
        return new Random(seed);
    }
}
