package io.weft.dataplane.port;

import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import io.weft.dataplane.api.SwitchException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.TimestampPrecision;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.Pcaps;
import org.pcap4j.packet.namednumber.DataLinkType;

/** The one door to the system's libpcap, which may be missing. Stateless. */
final class Libpcap {
    private static final String MISSING =
            "libpcap is not installed; captures and filters need it: apt-get install libpcap0.8";

    private static final int WHOLE = 262_144;
    private static final int ETHERNET = 1;
    private static final int NO_NETMASK = -1;
    /** Where pcap4j, too, looks for the library's name. */
    private static final String NAME = "org.pcap4j.core.pcapLibName";

    /** Bytes of a {@code bpf_insn}. */
    private static final int INSTRUCTION = 8;

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

    /**
     * Compiles a filter expression for Ethernet frames.
     *
     * @return the program as libpcap has it: of each instruction two bytes of code, one of each jump, four of operand
     */
    static byte[] compile(final String expression) {
        requirePresent();
        final NativeLibrary library = NativeLibrary.getInstance(System.getProperty(NAME, "pcap"));
        final Pointer handle = library.getFunction("pcap_open_dead").invokePointer(new Object[] {ETHERNET, WHOLE});
        // struct bpf_program: the number of instructions, and where they are.
        try (Memory program = new Memory(2L * Long.BYTES)) {
            program.clear();
            final int result = library.getFunction("pcap_compile")
                    .invokeInt(new Object[] {handle, program, expression, 1, NO_NETMASK});
            if (result != 0) {
                final String why = library.getFunction("pcap_geterr")
                        .invokePointer(new Object[] {handle})
                        .getString(0);
                throw new SwitchException("filter \"" + expression + "\": " + why + " (man pcap-filter)");
            }
            final byte[] code = program.getPointer(Long.BYTES).getByteArray(0, INSTRUCTION * program.getInt(0));
            library.getFunction("pcap_freecode").invokeVoid(new Object[] {program});
            return code;
        } finally {
            library.getFunction("pcap_close").invokeVoid(new Object[] {handle});
        }
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
