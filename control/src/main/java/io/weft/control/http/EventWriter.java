package io.weft.control.http;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Writes events to one reader as fast as it takes them. Netty's buffer of the channel is all that waits for it (it is
 * bounded by the channel's water mark); the rest waits in the hub, or is lost and told. Owned by the API's thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // A failed write or close means that the connection is gone.
final class EventWriter extends ChannelInboundHandlerAdapter {
    private final EventHub hub;
    private final EventHub.Request request;
    private final Limits limits;
    private final ApiCounters counters;
    private final AtomicBoolean woken = new AtomicBoolean();
    private final Runnable wake = this::wake;
    private ChannelHandlerContext context;
    private long number;
    private Future<?> heartbeat;
    private Future<?> cut;

    EventWriter(final EventHub hub, final EventHub.Request request, final Limits limits, final ApiCounters counters) {
        this.hub = hub;
        this.request = request;
        this.limits = limits;
        this.counters = counters;
    }

    @Override
    public void handlerAdded(final ChannelHandlerContext ctx) {
        context = ctx;
        counters.subscribers.incrementAndGet();
        number = hub.start(request.after());
        write(": events\nretry: 2000\n\n");
        if (number < 0) {
            number = 0;
            write(EventHub.lost(-1));
        }
        hub.add(wake);
        heartbeat = ctx.executor()
                .scheduleAtFixedRate(this::beat, limits.heartbeatMs(), limits.heartbeatMs(), TimeUnit.MILLISECONDS);
        drain();
        ctx.channel().config().setAutoRead(true);
    }

    @Override
    public void handlerRemoved(final ChannelHandlerContext ctx) {
        hub.remove(wake);
        counters.subscribers.decrementAndGet();
        heartbeat.cancel(false);
        if (cut != null) {
            cut.cancel(false);
        }
    }

    /** Called by publishers, on any thread. */
    private void wake() {
        if (woken.compareAndSet(false, true)) {
            try {
                context.executor().execute(this::drain);
            } catch (final RejectedExecutionException e) {
                // The API is closing, and this reader with it; the publisher must not hear of that.
            }
        }
    }

    private void drain() {
        woken.set(false);
        while (context.channel().isWritable()) {
            final EventHub.Event event = hub.at(number);
            if (event == null) {
                break;
            }
            if (event.number() > number) {
                counters.lostEvents.addAndGet(event.number() - number);
                write(EventHub.lost(event.number() - number));
            }
            number = event.number() + 1;
            if (request.wants(event)) {
                write(hub.text(event));
            }
        }
        context.flush();
    }

    private void beat() {
        if (context.channel().isWritable()) {
            write(":\n\n");
            context.flush();
        }
    }

    private void write(final String text) {
        context.write(new DefaultHttpContent(ByteBufUtil.writeUtf8(context.alloc(), text)), context.voidPromise());
    }

    @Override
    public void channelWritabilityChanged(final ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            if (cut != null) {
                cut.cancel(false);
                cut = null;
            }
            drain();
        } else if (cut == null) {
            cut = ctx.executor().schedule(this::cutOff, limits.writeMs(), TimeUnit.MILLISECONDS);
        }
    }

    private void cutOff() {
        counters.cutReaders.incrementAndGet();
        context.close();
    }

    /** A reader has nothing to say; what it sends is not looked at. */
    @Override
    public void channelRead(final ChannelHandlerContext ctx, final Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
        ctx.close();
    }
}
