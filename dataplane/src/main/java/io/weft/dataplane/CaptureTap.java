package io.weft.dataplane;

import java.util.function.LongSupplier;

/**
 * Where captures look into a worker: what a port received, before anything is done to it; what became of it; what was
 * sent, or refused, through a port. A worker without captures has none of it: the pipeline and the transmitter ask once a
 * burst, and not per frame, whether there is a tap.
 *
 * <p>Made by the conductor, a new one with each capture that begins or ends. Owned by the worker.
 */
final class CaptureTap {
    private final CaptureSlot[] slots;
    private final LongSupplier clock;

    CaptureTap(final CaptureSlot[] slots, final LongSupplier clock) {
        this.slots = slots.clone();
        this.clock = clock;
    }

    /** @param port its id, or {@link DropTable#UNDERLAY} */
    void received(final Burst burst, final int port) {
        for (final CaptureSlot slot : slots) {
            if (slot.port == port) {
                slot.received(burst, clock.getAsLong());
            }
        }
    }

    /** The burst that was {@link #received} has gone where it goes. */
    void settle(final Burst burst, final int port) {
        for (final CaptureSlot slot : slots) {
            if (slot.port == port) {
                slot.settle(burst);
            }
        }
    }

    void sent(final Burst burst, final TxQueue tx, final int port, final Tunnel[] tunnels) {
        for (final CaptureSlot slot : slots) {
            if (slot.port == port) {
                slot.sent(burst, tx, tunnels, clock.getAsLong());
            }
        }
    }

    /** @param tunnel that it was for, null where it was for a port or there is none */
    void refused(final Burst burst, final int i, final int reason, final int port, final Tunnel tunnel) {
        for (final CaptureSlot slot : slots) {
            if (slot.port == port) {
                slot.refused(burst, i, reason, tunnel, clock.getAsLong());
            }
        }
    }

    /** Lets the readers see what the burst brought; also after an exception, so that no record stays half made. */
    void publish() {
        for (final CaptureSlot slot : slots) {
            slot.publish();
        }
    }
}
