package io.weft.flowcache;

/** Shown the entries of a {@link FlowCache}. */
@FunctionalInterface
public interface FlowVisitor {
    /** {@code expiryMs} is the worker's clock: entries that have expired and were not reused are shown too. */
    void onFlow(long k0, long k1, long k2, int value, int expiryMs, long hits);
}
