package io.weft.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The frames of a capture that comes with the program. Reads the classic format, microseconds, Ethernet, either byte
 * order, and needs no libpcap, which a bare machine does not have.
 */
record Tape(String name, List<byte[]> frames) {
    private static final int FILE_HEADER = 24;
    private static final int RECORD_HEADER = 16;
    /** Ethernet, IPv4, UDP and VXLAN headers. */
    private static final int VXLAN_OVER_IPV4 = 50;

    private static final int MAGIC = 0xa1b2c3d4;

    /**
     * A recorded conversation: what one side sent, and what the other sent as it came over the wire in VXLAN over IPv4,
     * out of its tunnel; in turn.
     *
     * @param folder of test-pcaps, as the build has put it into the program
     */
    static Tape resource(final String folder) {
        final List<byte[]> near = load(folder + "/in-a.pcap");
        final List<byte[]> far = load(folder + "/in-underlay.pcap");
        final List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < Math.max(near.size(), far.size()); i++) {
            if (i < near.size()) {
                frames.add(near.get(i));
            }
            if (i < far.size()) {
                frames.add(Arrays.copyOfRange(far.get(i), VXLAN_OVER_IPV4, far.get(i).length));
            }
        }
        return new Tape(folder, frames);
    }

    private static List<byte[]> load(final String file) {
        try (InputStream in = Tape.class.getResourceAsStream("/demo/" + file)) {
            if (in == null) {
                throw new Failure("the capture " + file + " is missing from the program: build it again");
            }
            return parse(ByteBuffer.wrap(in.readAllBytes()), file);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<byte[]> parse(final ByteBuffer file, final String name) {
        if (file.remaining() < FILE_HEADER) {
            throw new Failure("capture " + name + " is shorter than its header");
        }
        if (file.getInt(0) != MAGIC) {
            file.order(ByteOrder.LITTLE_ENDIAN);
        }
        if (file.getInt(0) != MAGIC) {
            throw new Failure("capture " + name + " is not in the classic format");
        }
        file.position(FILE_HEADER);
        final List<byte[]> frames = new ArrayList<>();
        while (file.remaining() >= RECORD_HEADER) {
            final int captured = file.getInt(file.position() + 8);
            file.position(file.position() + RECORD_HEADER);
            if (captured < 0 || captured > file.remaining()) {
                throw new Failure("capture " + name + ": frame " + (frames.size() + 1) + " is cut off");
            }
            final byte[] frame = new byte[captured];
            file.get(frame);
            frames.add(frame);
        }
        return frames;
    }
}
