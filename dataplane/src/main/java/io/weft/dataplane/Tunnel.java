package io.weft.dataplane;

import io.weft.encap.IpAddress;

/**
 * A tunnel of one network to one endpoint, with its prebuilt header. The underlay fills in what it needs when the tunnel
 * is made.
 *
 * <p>Owned by the worker.
 */
public final class Tunnel {
    public final int id;
    public final Network network;
    public final IpAddress endpoint;
    /** Whether a peer or group of the configuration; false: learned from frames. */
    boolean configured;

    /** Underlay's own: whatever it prepared for this tunnel. */
    public Object prepared;
    /** Underlay's own: bytes of the largest outer IP packet that the tunnel's path is known to carry. */
    public int mtu;

    long rxFrames;
    long txFrames;
    int lastHeardMs;

    Tunnel(final int id, final Network network, final IpAddress endpoint, final boolean configured) {
        this.id = id;
        this.network = network;
        this.endpoint = endpoint;
        this.configured = configured;
    }
}
