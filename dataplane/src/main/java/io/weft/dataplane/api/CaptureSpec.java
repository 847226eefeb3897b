package io.weft.dataplane.api;

import io.weft.dataplane.port.CaptureFilter;

/**
 * What is to be captured.
 *
 * @param port a port's name, or {@code underlay}
 * @param in frames that the switch received from the port
 * @param out frames that it sent to the port
 * @param drops frames that went no further, whether received from the port or meant for it
 * @param snaplen bytes of a frame that are kept at most
 * @param filter what passes, or null for all
 */
public record CaptureSpec(String port, boolean in, boolean out, boolean drops, int snaplen, CaptureFilter filter) {
    /** The port that stands for what carries the tunnels. */
    public static final String UNDERLAY = "underlay";
}
