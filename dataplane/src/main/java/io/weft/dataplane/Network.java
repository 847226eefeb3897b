package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;

/**
 * A network as the workers see it. Immutable; a change is a new one with the same id.
 *
 * @param id the same in all workers
 * @param tenantId the same in all workers
 * @param spec as wanted
 */
public record Network(int id, int tenantId, NetworkSpec spec) {}
