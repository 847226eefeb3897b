package io.weft.control.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A request as it comes in. Its header is judged at once: a refused request's body is not kept, and where its end cannot
 * be trusted or would be too far away the connection ends with the answer. Owned by the API's thread.
 */
final class Incoming {
    private static final Set<String> WITH_BODY = Set.of("POST", "PUT", "PATCH");

    private final HttpRequest request;
    private final Limits limits;
    private final String method;
    private Router.Match match;
    private String target;
    private Problem refusal;
    private boolean fatal;
    private ByteBuf body;
    private long length;

    Incoming(
            final HttpRequest request,
            final Access access,
            final Router router,
            final Limits limits,
            final ChannelHandlerContext ctx) {
        this.request = request;
        this.limits = limits;
        this.method = request.method().name();
        try {
            requireSound();
            final String host = hostAndTarget();
            access.check(
                    host,
                    request.headers().get(HttpHeaderNames.AUTHORIZATION),
                    ctx.pipeline().get(SslHandler.class));
            match = router.find(method, Uris.path(target));
            requireLength();
        } catch (final Problem problem) {
            refusal = problem;
        }
        if (refusal == null) {
            body = ctx.alloc().buffer(256, limits.body());
        }
    }

    /** What was wrong with a request that is none. */
    static Problem malformed(final Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return Problem.of(414, "the request line is too long");
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return Problem.of(431, "the headers are too long");
        }
        return Problem.of(400, "this is no HTTP/1.1 request");
    }

    private void requireSound() {
        final HttpHeaders headers = request.headers();
        if (request.protocolVersion().majorVersion() != 1) {
            fail(505, "only HTTP/1.1 is spoken here");
        }
        final List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!codings.isEmpty() && (codings.size() > 1 || !codings.getFirst().equalsIgnoreCase("chunked"))) {
            fail(501, "of transfer codings only chunked is known");
        }
        if (HttpUtil.getContentLength(request, 0L) > limits.body()) {
            tooLarge();
        }
    }

    /** The host that is asked; sets the target in origin form (RFC 9112, section 3.2). */
    private String hostAndTarget() {
        final List<String> hosts = request.headers().getAll(HttpHeaderNames.HOST);
        final boolean needed = request.protocolVersion().equals(HttpVersion.HTTP_1_1);
        if (hosts.size() > 1 || (needed && hosts.isEmpty())) {
            fail(400, "a request has one Host");
        }
        String host = hosts.isEmpty() ? null : hosts.getFirst();
        target = request.uri();
        if (target.regionMatches(true, 0, "http://", 0, 7) || target.regionMatches(true, 0, "https://", 0, 8)) {
            final int start = target.indexOf("//") + 2;
            final int slash = target.indexOf('/', start);
            host = slash < 0 ? target.substring(start) : target.substring(start, slash);
            target = slash < 0 ? "/" : target.substring(slash);
        }
        if (!target.startsWith("/")) {
            throw Problem.of(400, "the request's target is no path");
        }
        return host;
    }

    private void requireLength() {
        final boolean known = request.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                || HttpUtil.isTransferEncodingChunked(request);
        if (WITH_BODY.contains(method) && !known) {
            throw Problem.of(411, "say how long the body is (Content-Length), 0 if there is none");
        }
    }

    private void fail(final int status, final String detail) {
        fatal = true;
        throw Problem.of(status, detail);
    }

    private void tooLarge() {
        fail(413, "the body is larger than " + limits.body() + " bytes");
    }

    void add(final ByteBuf content) {
        length += content.readableBytes();
        if (length > limits.body()) {
            try {
                tooLarge();
            } catch (final Problem problem) {
                refusal = problem;
            }
        } else if (body != null) {
            body.writeBytes(content);
        }
    }

    /** Why it is refused, or null. */
    Problem refusal() {
        return refusal;
    }

    /** Whether it is refused and what follows on the connection cannot be read as the next request. */
    boolean isFatal() {
        return fatal;
    }

    boolean isHead() {
        return method.equals("HEAD");
    }

    boolean keepAlive() {
        return HttpUtil.isKeepAlive(request);
    }

    Route route() {
        return match.route();
    }

    /** The whole request; throws {@link Problem} when its query is wrong. */
    Call call() {
        final HttpHeaders headers = request.headers();
        final Set<String> known =
                route().query().stream().map(Route.Query::name).collect(Collectors.toSet());
        return new Call(
                match.arguments(),
                Uris.query(target, known),
                ByteBufUtil.getBytes(body),
                mediaType(headers.get(HttpHeaderNames.CONTENT_TYPE, "")),
                String.join(",", headers.getAll(HttpHeaderNames.ACCEPT)),
                headers.get(HttpHeaderNames.IF_MATCH),
                headers.get("Last-Event-ID"));
    }

    private static String mediaType(final String header) {
        final int parameters = header.indexOf(';');
        return (parameters < 0 ? header : header.substring(0, parameters))
                .strip()
                .toLowerCase(Locale.ROOT);
    }

    void release() {
        if (body != null) {
            body.release();
            body = null;
        }
    }
}
