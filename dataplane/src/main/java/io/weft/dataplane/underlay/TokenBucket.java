package io.weft.dataplane.underlay;

/** A limit of so many a second, with a reserve. Owned by whoever asks. */
final class TokenBucket {
    private static final long SECOND = 1_000_000_000L;

    private final long cost;
    private final long most;
    private long saved;
    private long last;

    /**
     * @param perSecond in the long run
     * @param reserve at once, after a silence
     */
    TokenBucket(final int perSecond, final int reserve) {
        cost = SECOND / perSecond;
        most = reserve * cost;
        saved = most;
    }

    boolean take(final long now) {
        saved = Math.min(most, saved + Math.max(0, Math.min(now - last, most)));
        last = now;
        if (saved < cost) {
            return false;
        }
        saved -= cost;
        return true;
    }
}
