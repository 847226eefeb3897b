package io.weft.control.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * One connection: reads a request, has it answered, writes the answer, reads the next; never two at once, so answers are
 * in the requests' order and a client that sends faster than it is answered waits in its own socket. A time limit always
 * runs. Owned by the API's thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // A failed write or close means that the connection is gone.
final class HttpHandler extends ChannelInboundHandlerAdapter {
    private static final String CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
    private static final System.Logger LOG = System.getLogger("weft.api");

    private final RequestServer server;
    private final Access access;
    private final Limits limits;

    private final Queue<Object> waiting = new ArrayDeque<>();
    private Incoming incoming;
    private boolean answering;
    private boolean closing;
    private Future<?> deadline;

    HttpHandler(final RequestServer server, final Access access, final Limits limits) {
        this.server = server;
        this.access = access;
        this.limits = limits;
    }

    @Override
    public void channelActive(final ChannelHandlerContext ctx) {
        limit(ctx, limits.headMs(), ctx::close);
        ctx.read();
    }

    @Override
    public void handlerRemoved(final ChannelHandlerContext ctx) {
        unlimit();
        waiting.forEach(ReferenceCountUtil::release);
        waiting.clear();
        if (incoming != null) {
            incoming.release();
        }
    }

    /** One read may bring several requests; they wait here, and nothing more is read until they are answered. */
    @Override
    public void channelRead(final ChannelHandlerContext ctx, final Object message) {
        waiting.add(message);
        pump(ctx);
    }

    @Override
    public void channelReadComplete(final ChannelHandlerContext ctx) {
        if (!answering) {
            ctx.read();
        }
    }

    private void pump(final ChannelHandlerContext ctx) {
        while (!answering && !waiting.isEmpty()) {
            final Object message = waiting.poll();
            try {
                take(ctx, message);
            } finally {
                ReferenceCountUtil.release(message);
            }
        }
    }

    private void take(final ChannelHandlerContext ctx, final Object message) {
        if (closing) {
            return;
        }
        if (message instanceof HttpObject object && object.decoderResult().isFailure()) {
            refuse(ctx, Incoming.malformed(object.decoderResult().cause()));
            return;
        }
        if (message instanceof HttpRequest request) {
            onHead(ctx, request);
        }
        if (message instanceof HttpContent content && !closing && incoming != null) {
            onContent(ctx, content);
        }
    }

    private void onHead(final ChannelHandlerContext ctx, final HttpRequest request) {
        limit(ctx, limits.bodyMs(), () -> refuse(ctx, Problem.of(408, "the body did not come in time")));
        incoming = new Incoming(request, access, server.router(), limits, ctx);
        if (incoming.isFatal()) {
            refuse(ctx, incoming.refusal());
        } else if (HttpUtil.is100ContinueExpected(request)) {
            if (incoming.refusal() != null) {
                refuse(ctx, incoming.refusal());
                return;
            }
            // Past the codec, which would take it for the answer to this request and mistake the next one's method.
            ctx.pipeline().context(HttpServerCodec.class).writeAndFlush(Unpooled.copiedBuffer(CONTINUE, US_ASCII));
        }
    }

    private void onContent(final ChannelHandlerContext ctx, final HttpContent content) {
        incoming.add(content.content());
        if (incoming.isFatal()) {
            refuse(ctx, incoming.refusal());
        } else if (content instanceof LastHttpContent) {
            final Incoming whole = incoming;
            answering = true;
            limit(ctx, 2 * limits.answerMs(), ctx::close);
            server.answer(whole, ctx.executor(), answer -> write(ctx, whole, answer));
        }
    }

    /** Answers now, whatever is still to come of the request, and ends the connection. */
    private void refuse(final ChannelHandlerContext ctx, final Problem problem) {
        if (closing) {
            return;
        }
        closing = true;
        send(ctx, problem.answer(), false).addListener(done -> linger(ctx));
    }

    /**
     * Ends our side and reads on for a while: closing at once would reset the connection, and the client might never read
     * the answer (RFC 9112, section 9.6).
     */
    private void linger(final ChannelHandlerContext ctx) {
        if (ctx.channel() instanceof io.netty.channel.socket.DuplexChannel duplex
                && ctx.pipeline().get("tls") == null) {
            duplex.shutdownOutput();
            limit(ctx, Math.min(limits.idleMs(), 2_000), ctx::close);
            ctx.read();
        } else {
            ctx.close();
        }
    }

    private void write(final ChannelHandlerContext ctx, final Incoming request, final Answer answer) {
        if (closing || !ctx.channel().isActive()) {
            discard(answer);
            return;
        }
        if (answer.stream() != null && !request.isHead()) {
            follow(ctx, answer);
            return;
        }
        discard(answer);
        final boolean keepAlive = request.keepAlive() && server.isOpen();
        request.release();
        incoming = null;
        final ChannelFuture written = send(ctx, answer, keepAlive);
        if (keepAlive) {
            written.addListener(done -> {
                if (done.isSuccess() && !closing) {
                    answering = false;
                    limit(ctx, limits.idleMs(), ctx::close);
                    pump(ctx);
                    channelReadComplete(ctx);
                } else {
                    ctx.close();
                }
            });
        } else {
            closing = true;
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private ChannelFuture send(final ChannelHandlerContext ctx, final Answer answer, final boolean keepAlive) {
        limit(ctx, limits.writeMs(), ctx::close);
        final ByteBuf body = Unpooled.wrappedBuffer(answer.body());
        final FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()), body);
        head(response, answer);
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, answer.body().length);
        if (!keepAlive) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        server.counters().answers.incrementAndGet(answer.status());
        return ctx.writeAndFlush(response);
    }

    private void follow(final ChannelHandlerContext ctx, final Answer answer) {
        final HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head(response, answer);
        HttpUtil.setTransferEncodingChunked(response, true);
        server.counters().answers.incrementAndGet(answer.status());
        ctx.writeAndFlush(response);
        ctx.pipeline().replace(this, "stream", answer.stream().writer(server));
    }

    private static void discard(final Answer answer) {
        if (answer.stream() != null) {
            answer.stream().discard();
        }
    }

    private static void head(final HttpResponse response, final Answer answer) {
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.contentType());
        response.headers().set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE);
        response.headers().set("X-Content-Type-Options", "nosniff");
        answer.headers().forEach((name, value) -> response.headers().set(name, value));
    }

    private void limit(final ChannelHandlerContext ctx, final long millis, final Runnable late) {
        unlimit();
        deadline = ctx.executor().schedule(late, millis, TimeUnit.MILLISECONDS);
    }

    private void unlimit() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
        final boolean ordinary = cause instanceof java.io.IOException
                || cause instanceof ClosedChannelException
                || cause instanceof io.netty.handler.codec.DecoderException;
        if (!ordinary) {
            LOG.log(System.Logger.Level.ERROR, "a connection to the API failed and was closed", cause);
        }
        ctx.close();
    }
}
