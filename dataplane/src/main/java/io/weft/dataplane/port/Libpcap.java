package io.weft.dataplane.port;

import io.weft.dataplane.api.SwitchException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.TimestampPrecision;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.Pcaps;
import org.pcap4j.packet.namednumber.DataLinkType;

/** The one door to the system's libpcap, which may be missing. Stateless. */
final class Libpcap {
    private static final String MISSING = "libpcap is not installed; captures need it: apt-get install libpcap0.8";

    private Libpcap() {}

    /** Says whether it is installed. Asked first, since pcap4j takes a missing library for an old one. */
    static boolean isPresent() {
        try {
            return !Pcaps.libVersion().isEmpty();
        } catch (final LinkageError _) {
            return false;
        }
    }

    /** Opens a capture, pcap or pcapng, for reading; times in nanoseconds. */
    static PcapHandle openForReading(final String file) throws PcapNativeException {
        requirePresent();
        return Pcaps.openOffline(file, TimestampPrecision.NANO);
    }

    /** Opens a handle that only says how a capture is to be written: Ethernet, nanoseconds. */
    static PcapHandle openForWriting(final int maxFrame) throws PcapNativeException {
        requirePresent();
        return Pcaps.openDead(DataLinkType.EN10MB, maxFrame, TimestampPrecision.NANO);
    }

    private static void requirePresent() {
        if (!isPresent()) {
            throw new SwitchException(MISSING);
        }
    }

    /** The first line of an error, without the call that it was. */
    static String text(final PcapNativeException e) {
        final String message =
                String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        final int colon = message.lastIndexOf("(): ");
        return colon < 0 ? message : message.substring(colon + 4);
    }
}
