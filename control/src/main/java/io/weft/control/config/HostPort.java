package io.weft.control.config;

import io.weft.encap.IpAddress;

/** A literal address and a TCP port: {@code 127.0.0.1:4780}, {@code [::1]:4780}, {@code localhost:4780}. */
public record HostPort(IpAddress address, int port) {
    /** Returns null if the text is none. */
    public static HostPort parse(final String text) {
        final int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            return null;
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            return null;
        }
        final Long port = Section.number(text.substring(colon + 1));
        if (port == null || port < 0 || port > 65_535) {
            return null;
        }
        try {
            return new HostPort(IpAddress.parse("localhost".equals(host) ? "127.0.0.1" : host), port.intValue());
        } catch (final IllegalArgumentException _) {
            return null;
        }
    }
}
