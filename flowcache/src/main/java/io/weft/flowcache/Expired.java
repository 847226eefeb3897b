package io.weft.flowcache;

/** Told of each entry that {@link MacTable#sweep} removed. One object per table, not one per call. */
@FunctionalInterface
public interface Expired {
    /** The entry is out of the table already; the table must not be changed from here. */
    void onExpired(int network, int innerVlan, long mac, int egress);
}
