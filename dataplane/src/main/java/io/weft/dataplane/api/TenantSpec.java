package io.weft.dataplane.api;

/**
 * A tenant as wanted.
 *
 * @param name unique among tenants
 * @param flowCache entries that its flow cache may hold in each worker
 */
public record TenantSpec(String name, int flowCache) {}
