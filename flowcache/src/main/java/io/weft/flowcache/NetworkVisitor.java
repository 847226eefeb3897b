package io.weft.flowcache;

/** Shown the entries of a {@link NetworkIndex}. */
@FunctionalInterface
public interface NetworkVisitor {
    void onNetwork(int encapsulation, int udpPort, int vni, int network);
}
