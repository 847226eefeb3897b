package io.weft.dataplane.api;

import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;

/**
 * A frame of which is asked what would become of it. It comes from a port; or from the underlay, as a whole packet with
 * its outer headers, or, where {@code endpoint} is given, as what that end put into a tunnel.
 *
 * @param port the port's name; null: from the underlay
 * @param frame from its Ethernet header on
 * @param endpoint the tunnel's other end, or null
 * @param vni of the tunnel, with an endpoint
 * @param encap of the tunnel, or null: that of the network that has the VNI
 */
@SuppressWarnings("ArrayRecordComponent") // compared nowhere
public record TraceSpec(String port, byte[] frame, IpAddress endpoint, int vni, Encapsulation encap) {}
