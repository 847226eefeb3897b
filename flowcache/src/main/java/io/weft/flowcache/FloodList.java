package io.weft.flowcache;

import java.util.Arrays;

/**
 * Where a network's broadcast, unknown and multicast frames go: its local ports, and its tunnels (one to each peer, or
 * the one of its multicast group). Two rules, kept by whoever walks the list:
 *
 * <ul>
 *   <li>a frame never goes back to the port that it came from;
 *   <li>a frame from a tunnel goes to local ports only, never to a tunnel: the peers got it from its sender (split
 *       horizon).
 * </ul>
 *
 * <p>Ports and tunnels are numbers of the caller, in the order in which they were added, each once. Immutable: built by
 * the conductor, handed to the worker.
 */
public final class FloodList {
    public static final FloodList EMPTY = new FloodList(new int[0], new int[0]);

    private final int[] ports;
    private final int[] tunnels;

    private FloodList(final int[] ports, final int[] tunnels) {
        this.ports = ports;
        this.tunnels = tunnels;
    }

    public int portCount() {
        return ports.length;
    }

    public int port(final int index) {
        return ports[index];
    }

    public int tunnelCount() {
        return tunnels.length;
    }

    public int tunnel(final int index) {
        return tunnels[index];
    }

    /** Returns a list with this port too; this one, if it has it. */
    public FloodList withPort(final int port) {
        return indexOf(ports, port) >= 0 ? this : new FloodList(with(ports, port), tunnels);
    }

    /** Returns a list without this port; this one, if it does not have it. */
    public FloodList withoutPort(final int port) {
        final int index = indexOf(ports, port);
        return index < 0 ? this : new FloodList(without(ports, index), tunnels);
    }

    /** Returns a list with this tunnel too; this one, if it has it. */
    public FloodList withTunnel(final int tunnel) {
        return indexOf(tunnels, tunnel) >= 0 ? this : new FloodList(ports, with(tunnels, tunnel));
    }

    /** Returns a list without this tunnel; this one, if it does not have it. */
    public FloodList withoutTunnel(final int tunnel) {
        final int index = indexOf(tunnels, tunnel);
        return index < 0 ? this : new FloodList(ports, without(tunnels, index));
    }

    @Override
    public String toString() {
        return "ports " + Arrays.toString(ports) + ", tunnels " + Arrays.toString(tunnels);
    }

    private static int[] with(final int[] from, final int value) {
        final int[] longer = Arrays.copyOf(from, from.length + 1);
        longer[from.length] = value;
        return longer;
    }

    private static int[] without(final int[] from, final int index) {
        final int[] shorter = Arrays.copyOf(from, from.length - 1);
        System.arraycopy(from, index + 1, shorter, index, shorter.length - index);
        return shorter;
    }

    private static int indexOf(final int[] values, final int value) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] == value) {
                return i;
            }
        }
        return -1;
    }
}
