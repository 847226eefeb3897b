package io.weft.dataplane.model;

import java.util.HashMap;
import java.util.Map;

/** The rule of entropy: a flow's packets have the same source port, flow label and FlowID, whichever way it goes. */
final class Flows {
    private static final int ENOUGH = 100_000;
    private static final int LEAST_PORT = 49152;

    private final Map<String, Integer> known = new HashMap<>();

    /** -1: the packet has no such field. */
    String difference(final Model.Packet packet, final int sourcePort, final int label, final int flowId) {
        if (sourcePort >= 0 && sourcePort < LEAST_PORT) {
            return "UDP source port out of range";
        }
        if (packet.flow() == null) {
            return null;
        }
        if (known.size() > ENOUGH) {
            known.clear();
        }
        if (isOther("port " + packet.flow(), sourcePort)) {
            return "UDP source port differs within flow " + packet.flow();
        }
        if (isOther("label " + packet.flow(), label)) {
            return "flow label differs within flow " + packet.flow();
        }
        return isOther("id " + packet.flow(), flowId) ? "FlowID differs within flow " + packet.flow() : null;
    }

    private boolean isOther(final String key, final int value) {
        if (value < 0) {
            return false;
        }
        final Integer before = known.putIfAbsent(key, value);
        return before != null && before != value;
    }
}
