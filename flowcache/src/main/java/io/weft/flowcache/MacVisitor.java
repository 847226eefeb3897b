package io.weft.flowcache;

/** Shown the entries of a {@link MacTable}. */
@FunctionalInterface
public interface MacVisitor {
    /** {@code lastUsedMs} is the worker's clock, 0 for a static entry. */
    void onMac(int network, int innerVlan, long mac, int egress, boolean isStatic, int lastUsedMs);
}
