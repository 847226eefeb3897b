package io.weft.control.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.weft.dataplane.api.Capture;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.capture.PcapngWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes a capture to its reader as fast as the reader takes it, on a thread of its own, so that the API's waits for
 * nothing. Two chunks at most are under way to a slow reader; the rest waits in the capture's rings, or is lost there and
 * counted. The counts come along whenever frames were lost, and with the last block.
 *
 * <p>The handler's methods are the API's thread's, all else is the writer's own.
 */
@SuppressWarnings("FutureReturnValueIgnored") // A failed write or close means that the connection is gone.
final class CaptureWriter extends ChannelInboundHandlerAdapter {
    private static final int CHUNK = 32 * 1024;
    private static final int CHUNKS = 2;
    private static final int FRAMES = 256;
    private static final long IDLE_NANOS = 5_000_000;
    private static final long COUNTS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final CaptureStream stream;
    private final Capture capture;
    private final Limits limits;
    private final ByteArrayOutputStream chunk = new ByteArrayOutputStream(CHUNK + 4096);
    private final PcapngWriter pcapng = new PcapngWriter(chunk);
    private final Semaphore chunks = new Semaphore(CHUNKS);
    private volatile boolean gone;
    private ChannelHandlerContext context;
    private long begun;
    private long told;
    private long toldLost;
    private long delivered;

    CaptureWriter(final CaptureStream stream, final Limits limits) {
        this.stream = stream;
        this.capture = stream.capture();
        this.limits = limits;
    }

    @Override
    public void handlerAdded(final ChannelHandlerContext ctx) {
        context = ctx;
        Thread.ofPlatform().daemon().name("weft-capture").start(this::run);
        // Read, so as to notice when the reader leaves.
        ctx.channel().config().setAutoRead(true);
    }

    @Override
    public void handlerRemoved(final ChannelHandlerContext ctx) {
        gone = true;
    }

    @Override
    public void channelInactive(final ChannelHandlerContext ctx) {
        gone = true;
    }

    private void run() {
        try (capture) {
            begun = System.nanoTime();
            told = begun;
            final var spec = stream.spec();
            final String filter = spec.filter() == null ? null : spec.filter().expression();
            pcapng.begin("weft " + ApiServer.version(), spec.port(), capture.description(), filter, spec.snaplen());
            send();
            while (!gone && !isDone()) {
                if (take() == 0) {
                    LockSupport.parkNanos(IDLE_NANOS);
                }
                tellCounts();
            }
            end();
        } catch (final IOException e) {
            throw new UncheckedIOException("memory cannot be written to", e);
        }
    }

    private boolean isDone() {
        return isFull()
                || capture.ended() != null
                || (stream.millis() > 0 && System.nanoTime() - begun >= TimeUnit.MILLISECONDS.toNanos(stream.millis()));
    }

    private boolean isFull() {
        return stream.count() > 0 && delivered >= stream.count();
    }

    private int take() {
        final int looked = capture.poll(this::onFrame, FRAMES);
        send();
        return looked;
    }

    private boolean onFrame(final CapturedFrame frame) {
        try {
            pcapng.frame(frame);
        } catch (final IOException e) {
            throw new UncheckedIOException("memory cannot be written to", e);
        }
        delivered++;
        return !isFull() && chunk.size() < CHUNK;
    }

    private void tellCounts() throws IOException {
        final long now = System.nanoTime();
        final boolean due = capture.lost() != toldLost && now - told > COUNTS_NANOS;
        if (due || now - told > TimeUnit.MILLISECONDS.toNanos(limits.heartbeatMs())) {
            told = now;
            counts();
            send();
        }
    }

    private void counts() throws IOException {
        toldLost = capture.lost();
        final Instant now = Instant.now();
        pcapng.counts(TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano(), delivered, toldLost);
    }

    /** What was captured until now still goes out. */
    private void end() throws IOException {
        if (gone) {
            return;
        }
        capture.stop();
        while (!gone && !isFull() && take() != 0) {
            // Until nothing waits.
        }
        counts();
        send();
        context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
    }

    /** Sends the chunk, and waits while as many as may be are under way. */
    private void send() {
        if (chunk.size() == 0) {
            return;
        }
        boolean may = false;
        while (!may && !gone) {
            try {
                may = chunks.tryAcquire(1, TimeUnit.SECONDS);
            } catch (final InterruptedException e) {
                gone = true;
            }
            // Its reader is slow, not dead.
            capture.poll(frame -> false, 0);
        }
        if (may) {
            context.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(chunk.toByteArray())))
                    .addListener(done -> {
                        gone |= !done.isSuccess();
                        chunks.release();
                    });
        }
        chunk.reset();
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
