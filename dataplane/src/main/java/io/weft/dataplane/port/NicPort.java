package io.weft.dataplane.port;

import io.weft.encap.IpAddress;
import java.util.Collection;
import java.util.Map;

/** A port that is a NIC of this host, alone or together with the kernel. Owned by the conductor. */
public interface NicPort extends Port {
    /** Whether the kernel uses the NIC too: then only what {@link #take} says comes here. */
    boolean isShared();

    /** In a few words how the NIC is reached, for status. */
    String mode();

    /**
     * From now on takes exactly these packets, where the NIC is shared; else there is nothing to do.
     *
     * @param udpPorts tunnels' destination ports
     * @param gre whether GRE that carries Ethernet is taken
     * @param destinations own addresses and joined groups
     * @throws io.weft.dataplane.api.SwitchException when that is not possible
     */
    void take(Collection<Integer> udpPorts, boolean gre, Collection<IpAddress> destinations);

    /** What did not reach the switch since the start: reasons in words with counts. */
    Map<String, Long> dropsBefore();
}
