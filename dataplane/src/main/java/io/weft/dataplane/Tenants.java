package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.TenantEntry;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.sys.Region;
import io.weft.flowcache.FlowCache;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes of tenants and their flow caches.
 *
 * <p>Owned by the conductor.
 */
final class Tenants implements AutoCloseable {
    private static final long HUGE_PAGES_FOR_CACHES = 256L << 20;

    private final SwitchContext context;
    private final Registry registry;
    private final AllWorkers workers;
    private final Facts facts;

    Tenants(final SwitchContext context, final Registry registry, final AllWorkers workers, final Facts facts) {
        this.context = context;
        this.registry = registry;
        this.workers = workers;
        this.facts = facts;
    }

    void put(final TenantSpec spec) {
        final TenantEntry known = registry.tenants.get(spec.name());
        final TenantEntry entry = known == null ? new TenantEntry(registry.tenantIds.take(), spec) : known;
        if (known == null || known.spec.flowCache() != spec.flowCache()) {
            try {
                giveCaches(entry, spec.flowCache());
            } catch (final OutOfMemoryError e) {
                if (known == null) {
                    registry.tenantIds.giveBack(entry.id);
                }
                throw e;
            }
        }
        entry.spec = spec;
        registry.tenants.put(spec.name(), entry);
        facts.tell(known == null ? "tenant.added" : "tenant.changed", spec.name(), "");
    }

    /** Gives each worker a cache of the tenant's; then nobody looks at those that they had. */
    private void giveCaches(final TenantEntry entry, final int quota) {
        final List<Region> memory = new ArrayList<>();
        final List<FlowCache> caches = new ArrayList<>();
        for (int w = 0; w < workers.size(); w++) {
            memory.add(memoryOf(quota));
            caches.add(new FlowCache(memory.get(w).address(), quota, context.seed()));
        }
        workers.each((worker, w) -> worker.onPutTenant(entry.id, caches.get(w)));
        entry.memory.forEach(Region::close);
        entry.memory = memory;
    }

    /** Huge pages are for the first tenants: of thousands, each would hold pages of which it uses a corner. */
    private Region memoryOf(final int quota) {
        final long bytes = FlowCache.bytesFor(quota);
        long inUse = 0;
        for (final TenantEntry tenant : registry.tenants.values()) {
            for (final Region region : tenant.memory) {
                inUse += region.size();
            }
        }
        return inUse + bytes <= HUGE_PAGES_FOR_CACHES ? Region.inHugePages(bytes) : new Region(bytes);
    }

    void remove(final String name) {
        final TenantEntry entry = registry.tenant(name);
        for (final NetworkEntry network : registry.networks.values()) {
            if (network.spec.tenant().equals(name)) {
                throw new SwitchException(
                        "tenant " + name + " still has network " + network.spec.key() + ": remove its networks first");
            }
        }
        workers.every(worker -> {
            worker.onRemoveTenant(entry.id);
            return true;
        });
        entry.memory.forEach(Region::close);
        registry.tenants.remove(name);
        registry.tenantIds.giveBack(entry.id);
        facts.tell("tenant.removed", name, "");
    }

    void flushFlows(final String name) {
        final List<TenantEntry> wanted =
                name == null ? List.copyOf(registry.tenants.values()) : List.of(registry.tenant(name));
        for (final TenantEntry tenant : wanted) {
            workers.every(worker -> {
                worker.onFlushFlows(tenant.id);
                return true;
            });
        }
    }

    /** Frees the caches; the workers have ended. */
    @Override
    public void close() {
        registry.tenants.values().forEach(tenant -> tenant.memory.forEach(Region::close));
    }
}
