package io.weft.control.http;

import io.netty.channel.ChannelHandler;
import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;

/**
 * A capture as an answer: pcapng, as long as it goes on.
 *
 * @param count frames after which it ends; 0: never
 * @param millis after which it ends; 0: never
 */
record CaptureStream(Capture capture, CaptureSpec spec, long count, long millis) implements Answer.Stream {
    @Override
    public ChannelHandler writer(final RequestServer server) {
        return new CaptureWriter(this, server.limits());
    }

    @Override
    public void discard() {
        // It asks the conductor and waits for the workers, which is not for the API's thread.
        Thread.ofPlatform().daemon().name("weft-capture").start(capture::close);
    }
}
