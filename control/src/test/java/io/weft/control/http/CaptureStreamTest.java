package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.Capture;
import io.weft.dataplane.capture.CapturedFrame;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CaptureStreamTest {
    private static final String PATH = "/v1/capture?port=vm1";

    /** Has frames without end. */
    private static final class Endless implements Capture {
        final AtomicLong bytes = new AtomicLong();
        final CountDownLatch waited = new CountDownLatch(1);
        final CountDownLatch closed = new CountDownLatch(1);
        final CountDownLatch stopped = new CountDownLatch(1);

        @Override
        public int poll(final Sink sink, final int limit) {
            if (limit == 0) {
                waited.countDown();
            }
            final CapturedFrame frame = new CapturedFrame();
            frame.captured = 1000;
            frame.length = 1000;
            int given = 0;
            boolean more = stopped.getCount() > 0;
            while (more && given < limit) {
                more = sink.onFrame(frame);
                bytes.addAndGet(frame.captured);
                given++;
            }
            return given;
        }

        @Override
        public void stop() {
            stopped.countDown();
        }

        @Override
        public long lost() {
            return 17;
        }

        @Override
        public String ended() {
            return null;
        }

        @Override
        public String description() {
            return "frames without end";
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    private static void await(final CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(20, TimeUnit.SECONDS));
    }

    @Test
    void shouldHoldNoMoreThanAFewChunksForASlowReaderAndEndWhenItLeaves() throws Exception {
        try (Served served = new Served()) {
            final Endless capture = new Endless();
            served.service.fakeSwitch.capture = capture;
            try (Wire wire = served.connect()) {
                wire.send(Wire.request("GET", PATH, null));
                assertEquals("HTTP/1.1 200 OK", wire.line());
                // It waits for the reader, who takes nothing more: the API answers others.
                await(capture.waited);
                assertTrue(capture.bytes.get() < 8_000_000, () -> capture.bytes + " bytes under way");
                assertEquals(200, served.ask("GET", "/v1/healthz", null).status());
                assertEquals(1, capture.closed.getCount());
            }
            await(capture.closed);
        }
    }

    @Test
    void shouldEndWithItsCountsAfterTheFramesThatWereAskedFor() throws Exception {
        try (Served served = new Served()) {
            final Endless capture = new Endless();
            served.service.fakeSwitch.capture = capture;
            try (Wire wire = served.connect()) {
                wire.send(Wire.request("GET", PATH + "&count=3&direction=in,drop&snaplen=99", null));
                final String all = wire.readAll();
                assertTrue(all.contains("application/x-pcapng"), all);
                assertTrue(all.endsWith("0\r\n\r\n"), "the last chunk");
                assertEquals(3_000, capture.bytes.get());
            }
            await(capture.closed);
            assertTrue(served.service.fakeSwitch.captureSpec.in());
            assertFalse(served.service.fakeSwitch.captureSpec.out());
            assertTrue(served.service.fakeSwitch.captureSpec.drops());
            assertEquals(99, served.service.fakeSwitch.captureSpec.snaplen());
        }
    }

    @Test
    void shouldCloseWhatNobodyReads() throws Exception {
        try (Served served = new Served()) {
            final Endless capture = new Endless();
            served.service.fakeSwitch.capture = capture;
            assertEquals(200, served.ask("HEAD", PATH, null).status());
            await(capture.closed);
        }
    }

    @Test
    void shouldRefuseInWords() throws IOException {
        try (Served served = new Served()) {
            assertEquals(409, served.ask("GET", PATH, null).status());
            assertEquals(400, served.ask("GET", "/v1/capture", null).status());
            assertEquals(404, served.ask("GET", "/v1/capture?port=vm7", null).status());
            assertEquals(400, served.ask("GET", PATH + "&direction=up", null).status());
            assertEquals(400, served.ask("GET", PATH + "&duration=0s", null).status());
            assertEquals(400, served.ask("GET", PATH + "&snaplen=3", null).status());
            assertEquals(
                    400,
                    served.ask("POST", "/v1/trace", "{\"port\":\"vm1\",\"frame\":\"zz\"}")
                            .status());
            assertEquals(
                    400,
                    served.ask("POST", "/v1/trace", "{\"endpoint\":\"10.2.0.1\",\"frame\":\"00\"}")
                            .status());
        }
    }
}
