package io.weft.dataplane.underlay;

import io.weft.dataplane.port.PortHost;
import io.weft.encap.IpAddress;
import java.util.Set;

/**
 * What an open underlay may ask of the switch: what a port may, in the name {@code underlay}. All calls are made by the
 * conductor.
 */
public interface UnderlayHost extends PortHost {
    /** The switch's clock; by any thread. */
    long nanoTime();

    /** What is known of the way to these endpoints has changed: every worker prepares their tunnels again. */
    void prepareAgain(Set<IpAddress> endpoints);
}
