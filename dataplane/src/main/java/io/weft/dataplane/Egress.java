package io.weft.dataplane;

/**
 * Where a frame goes to or came from, in one int: a local port, a tunnel, a drop with its reason, or a flood. What the
 * MAC table and the flow cache hold.
 */
public final class Egress {
    /** To everybody in the network but where it came from. */
    public static final int FLOOD = -2;

    private static final int TUNNEL = 1 << 30;
    private static final int DROP = 1 << 29;
    private static final int ID = DROP - 1;

    private Egress() {}

    public static int port(final int id) {
        return id;
    }

    public static int tunnel(final int id) {
        return TUNNEL | id;
    }

    public static int drop(final DropReason reason) {
        return DROP | reason.ordinal();
    }

    public static boolean isTunnel(final int egress) {
        return egress >= 0 && (egress & TUNNEL) != 0;
    }

    public static boolean isPort(final int egress) {
        return egress >= 0 && (egress & (TUNNEL | DROP)) == 0;
    }

    public static boolean isDrop(final int egress) {
        return egress >= 0 && (egress & DROP) != 0;
    }

    /** The port's or tunnel's id, or the drop reason's ordinal. */
    public static int id(final int egress) {
        return egress & ID;
    }
}
