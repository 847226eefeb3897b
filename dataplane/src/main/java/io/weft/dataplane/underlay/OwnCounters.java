package io.weft.dataplane.underlay;

import io.weft.dataplane.api.Rows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What came of frames for the switch itself. Owned by the conductor. */
final class OwnCounters {
    long asked;
    long answered;
    long echoes;
    long echoesLimited;
    long unsolicited;
    long conflicts;
    long malformed;
    long notForUs;
    long offLink;
    long spoofed;
    long pathsLowered;
    long pathsForged;

    /** In an order that does not change. */
    List<Rows.Count> rows(final NeighborCache cache, final OwnSender sender) {
        final Map<String, Long> all = new LinkedHashMap<>();
        all.put("neighbor-requests-sent", asked);
        all.put("neighbor-requests-answered", answered);
        all.put("neighbor-replies-unasked", unsolicited);
        all.put("neighbor-claims-off-link", offLink);
        all.put("neighbor-claims-impossible", spoofed);
        all.put("address-conflicts", conflicts);
        all.put("echo-answered", echoes);
        all.put("echo-limited", echoesLimited);
        all.put("path-mtu-lowered", pathsLowered);
        all.put("path-mtu-not-believed", pathsForged);
        all.put("own-malformed", malformed);
        all.put("own-not-answered", notForUs);
        all.put("neighbors-moved", cache.moves());
        all.put("neighbors-refused", cache.refused());
        all.put("own-sent", sender.sent());
        all.put("own-not-sent", sender.full());
        return all.entrySet().stream()
                .map(entry -> new Rows.Count(entry.getKey(), entry.getValue()))
                .toList();
    }
}
