package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.dataplane.Burst;
import io.weft.dataplane.api.TraceSpec;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Vxlan;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** What would become of a frame. */
final class TraceRoutes {
    private static final Set<String> KEYS = Set.of("port", "frame", "underlay", "endpoint", "vni", "encap");

    private final Routes routes;

    TraceRoutes(final Routes routes) {
        this.routes = routes;
    }

    List<Route> all() {
        return List.of(new Route(
                "POST",
                "/v1/trace",
                "What would become of a frame, step by step; changes nothing",
                List.of(),
                "TraceRequest",
                "Trace",
                this::trace));
    }

    private CompletableFuture<Answer> trace(final Call call) {
        final ControlService service = routes.service();
        final Map<String, Object> body = call.object();
        Tree.refuseUnknown(body, KEYS);
        final byte[] frame = frame(Tree.text(body, "frame"));
        final boolean underlay = Boolean.TRUE.equals(body.get("underlay"));
        final boolean tunnelled = body.get("endpoint") != null;
        final TraceSpec spec;
        if (underlay || tunnelled) {
            if (body.get("port") != null) {
                throw Problem.of(400, "port and underlay: a frame comes from one of them");
            }
            spec = tunnelled ? tunnelled(body, frame) : new TraceSpec(null, frame, null, 0, null);
        } else {
            spec = new TraceSpec(port(service, Tree.text(body, "port")), frame, null, 0, null);
        }
        return routes.later(service.switchControl().trace(spec), Answer::json);
    }

    private static String port(final ControlService service, final String name) {
        final Set<String> known = service.config().ports().keySet();
        if (!known.contains(name)) {
            throw Tree.missing("port", name, known, "ports");
        }
        return name;
    }

    private static byte[] frame(final String hex) {
        final String digits = hex.replaceAll("[\\s:.-]", "");
        try {
            final byte[] frame = HexFormat.of().parseHex(digits);
            if (frame.length > Burst.MAX_FRAME) {
                throw Problem.of(400, "frame has more than " + Burst.MAX_FRAME + " bytes");
            }
            return frame;
        } catch (final IllegalArgumentException e) {
            throw Problem.of(400, "frame is bytes in hexadecimal, such as ffffffffffff0200000000010806...");
        }
    }

    private static TraceSpec tunnelled(final Map<String, Object> body, final byte[] frame) {
        if (!(body.get("vni") instanceof final Integer vni) || vni < 0 || vni > Vxlan.VNI_MAX) {
            throw Problem.of(400, "vni is a number from 0 to " + Vxlan.VNI_MAX + "; endpoint needs it");
        }
        final String encap = body.get("encap") == null ? null : Tree.text(body, "encap");
        try {
            return new TraceSpec(
                    null,
                    frame,
                    IpAddress.parse(Tree.text(body, "endpoint")),
                    vni,
                    encap == null ? null : Encapsulation.parse(encap));
        } catch (final IllegalArgumentException e) {
            throw Problem.of(400, Uris.printable(e.getMessage()));
        }
    }
}
