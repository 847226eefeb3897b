package io.weft.flowcache;

/**
 * A keyed 64-bit hash of two or three words: two rounds of multiply-and-fold, as in wyhash. Whoever does not know
 * the seed cannot choose keys that collide; with one seed the result is always the same (replay).
 *
 * <p>Immutable.
 */
public final class SeededHash {
    private static final long GAMMA = 0x9e3779b97f4a7c15L;

    private final long s0;
    private final long s1;
    private final long s2;
    private final long s3;

    public SeededHash(final long seed) {
        s0 = spread(seed + GAMMA);
        s1 = spread(s0 + GAMMA);
        s2 = spread(s1 + GAMMA);
        s3 = spread(s2 + GAMMA);
    }

    /** Hashes two words. */
    public long of(final long a, final long b) {
        return fold(fold(a ^ s0, b ^ s1) ^ s2, s3);
    }

    /** Hashes three words. */
    public long of(final long a, final long b, final long c) {
        // Every word passes two multiplications: one alone leaves counted values of it unevenly spread.
        return fold(fold(a ^ s0, b ^ s1), fold(c ^ s2, s3));
    }

    private static long fold(final long a, final long b) {
        return Math.unsignedMultiplyHigh(a, b) ^ (a * b);
    }

    /** The finaliser of SplitMix64: neighbouring seeds give unrelated secrets. */
    private static long spread(final long seed) {
        final long a = (seed ^ (seed >>> 30)) * 0xbf58476d1ce4e5b9L;
        final long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
        return b ^ (b >>> 31);
    }
}
