package io.weft.flowcache;

/** Shown the entries of an {@link EndpointIndex}. */
@FunctionalInterface
public interface EndpointVisitor {
    void onEndpoint(int network, long addressHigh, long addressLow, int tunnel);
}
