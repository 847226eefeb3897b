package io.weft.dataplane.vhost.frontend;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.encap.Encapsulation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/** A switch with guests on its network {@code acme/web}, all of it run by the test's thread. Owned by it. */
public final class Guests implements AutoCloseable {
    public static final String NETWORK = "acme/web";

    public final TestSwitch net;
    private final Path folder;
    private final int portMtu;
    private final Deque<GuestNic> open = new ArrayDeque<>();

    public Guests() {
        this(new SwitchContext());
    }

    public Guests(final SwitchContext context) {
        this(context, 1600, 0);
    }

    /**
     * @param wireMtu bytes of the largest outer packet
     * @param portMtu of every guest's port, or 0 for what fits
     */
    public Guests(final SwitchContext context, final int wireMtu, final int portMtu) {
        this.portMtu = portMtu;
        try {
            folder = Files.createTempDirectory("weft-guests");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        net = TestSwitch.withGuests(context, wireMtu)
                .tenant("acme")
                .network(NETWORK, 5001, Encapsulation.VXLAN, "10.2.0.1");
    }

    /** Lets the switch work off what is there; a worker looks for kicks once in 64 loops. */
    public void pump() {
        int idle = 0;
        while (idle < 66) {
            idle = net.weft.pump() ? 0 : idle + 1;
        }
    }

    public String path(final String name) {
        return folder.resolve(name + ".sock").toString();
    }

    /** A port whose guest serves the socket; its frontend is connected and has said nothing yet. */
    public Frontend connect(final String name, final int queues, final long mac) throws ErrnoException {
        final Frontend frontend = new Frontend(this::pump).listen(path(name));
        port(name, queues, mac, VhostSpec.client(path(name)));
        return frontend.accept();
    }

    public void port(final String name, final int queues, final long mac, final VhostSpec socket) {
        TestSwitch.get(net.control.putPort(
                new PortSpec(name, PortSpec.Kind.VHOST_USER, null, NETWORK, Map.of(), queues, portMtu, mac, socket)));
    }

    /** A guest on a port of its own, up, with a queue pair of 256 descriptors and buffers of 2 KiB. */
    public GuestNic guest(final String name, final long features) throws ErrnoException {
        return guest(name, features, 1, 2048);
    }

    public GuestNic guest(final String name, final long features, final int pairs, final int bufferSize)
            throws ErrnoException {
        return guest(name, features, pairs, 256, bufferSize);
    }

    public GuestNic guest(
            final String name, final long features, final int pairs, final int ringSize, final int bufferSize)
            throws ErrnoException {
        final GuestNic guest = new GuestNic(connect(name, pairs, 0), pairs, ringSize, bufferSize);
        open.push(guest);
        return guest.start(features);
    }

    public Rows.PortRow row(final String name) {
        return TestSwitch.get(net.control.status()).ports().stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    public long drops(final DropReason reason) {
        return net.drops(reason);
    }

    @Override
    public void close() {
        open.forEach(GuestNic::close);
        pump();
        net.close();
        try (var files = Files.list(folder)) {
            files.forEach(file -> file.toFile().delete());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        folder.toFile().delete();
    }
}
