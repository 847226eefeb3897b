package io.weft.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.weft.control.config.Config;
import io.weft.control.config.Host;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SwitchDaemonTest {
    private static final String NETWORKS = """
            tenants: {acme: {networks: {web: {vni: 5001, peers: [10.2.0.1]}}}}
            ports: {h1: {network: acme/web, tap: h1}}
            """;

    @TempDir
    Path folder;

    private final List<String> log = new ArrayList<>();
    private FakeSwitch there = new FakeSwitch();
    private int closed;
    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = write(NETWORKS);
    }

    private Path write(final String networks) throws IOException {
        return Files.writeString(
                folder.resolve("weft.yaml"),
                "underlay: {address: 10.1.0.1}\nstate: " + folder.resolve("state") + "\napi: {unix: "
                        + folder.resolve("api.sock") + "}\n" + networks);
    }

    private SwitchDaemon start(final boolean reset) {
        log.clear();
        return SwitchDaemon.start(file, reset, this::launch, Host::any, log::add);
    }

    private SwitchDaemon.Launched launch(final Config config, final Path state) {
        return new SwitchDaemon.Launched() {
            @Override
            public SwitchControl control() {
                return there;
            }

            @Override
            public void close() {
                closed++;
            }
        };
    }

    private String ask(final String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(folder.resolve("api.sock")));
            channel.write(ByteBuffer.wrap((request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII)));
            final StringBuilder answer = new StringBuilder();
            final ByteBuffer buffer = ByteBuffer.allocate(65_536);
            while (channel.read(buffer) >= 0) {
                answer.append(StandardCharsets.UTF_8.decode(buffer.flip()));
                buffer.clear();
            }
            return answer.toString();
        }
    }

    @Test
    void shouldForwardAnswerAndEnd() throws IOException {
        final SwitchDaemon daemon = start(false);
        assertEquals(List.of(), log);
        assertTrue(there.things.containsKey("port h1"));
        assertTrue(ask("GET /v1/config").contains("5001"));
        daemon.close();
        daemon.close();
        assertEquals(1, closed);
        assertFalse(Files.exists(folder.resolve("api.sock")));
    }

    @Test
    void shouldRestoreWhatWasAppliedAndTellTheDifference() throws IOException {
        try (SwitchDaemon _ = start(false)) {
            assertTrue(ask("DELETE /v1/ports/h1").startsWith("HTTP/1.1 200"));
        }
        there = new FakeSwitch();
        try (SwitchDaemon _ = start(false)) {
            assertEquals(
                    List.of(
                            "restored what was applied last; " + file
                                    + " differs from it (--reset makes the file win):",
                            "  + port h1 (tap h1 on acme/web)"),
                    log);
            assertFalse(there.things.containsKey("port h1"));
        }
        there = new FakeSwitch();
        try (SwitchDaemon _ = start(true)) {
            assertEquals(List.of(), log);
            assertTrue(there.things.containsKey("port h1"));
        }
        there = new FakeSwitch();
        try (SwitchDaemon _ = start(false)) {
            assertEquals(List.of(), log);
            assertTrue(there.things.containsKey("port h1"));
        }
    }

    @Test
    void shouldRestoreTheOtherPortsWhenOneCannotBeHad() throws IOException {
        write(NETWORKS.replace("tap: h1}", "tap: h1}, h2: {network: acme/web, tap: h2}"));
        start(false).close();
        there = new FakeSwitch();
        there.fails = order -> order.equals("set port h1");
        try (SwitchDaemon _ = start(false)) {
            assertEquals(
                    List.of(
                            "not restored: + port h1 (tap h1 on acme/web): no port h1 today; try tomorrow",
                            "what was not restored is left out from now on; apply it again when its cause is gone"),
                    log);
            assertTrue(there.things.containsKey("port h2"));
        }
    }

    @Test
    void shouldNotStartWhenAPortOfTheFileCannotBeHad() {
        there.fails = order -> order.equals("set port h1");
        final SwitchException refused = assertThrows(SwitchException.class, () -> start(false));
        assertEquals("+ port h1 (tap h1 on acme/web): no port h1 today; try tomorrow", refused.getMessage());
        assertEquals(1, closed);
        there.fails = _ -> false;
        start(false).close();
    }

    @Test
    void shouldTellAllThatIsWrongWithTheFile() throws IOException {
        write(NETWORKS.replace("5001", "0").replace("tap", "tab"));
        final SwitchException refused = assertThrows(SwitchException.class, () -> start(false));
        assertEquals(file + " cannot be used: correct the 3 lines above", refused.getMessage());
        assertEquals(
                List.of(
                        file + ":4: tenants.acme.networks.web.vni: \"0\" is not a number from 1 to 16777215",
                        file + ":5: ports.h1: has no device; give it one, such as tap: h1",
                        file + ":5: ports.h1.tab: unknown key; did you mean \"tap\"?"),
                log);
        assertEquals(0, closed);
    }

    @Test
    void shouldNotStartTwiceOnOneFolder() {
        try (SwitchDaemon _ = start(false)) {
            final SwitchException refused = assertThrows(SwitchException.class, () -> start(false));
            assertTrue(refused.getMessage().contains(" is in use by another switch "), refused.getMessage());
        }
    }

    @Test
    void shouldRefuseWhatNoLongerFitsTheHost() throws IOException {
        start(false).close();
        Files.writeString(
                file, Files.readString(file).replace("10.1.0.1}", "10.2.0.1}").replace("[10.2.0.1]", "[]"));
        final SwitchException refused = assertThrows(SwitchException.class, () -> start(false));
        assertEquals(
                "what was applied last does not fit " + file + " (--reset makes the file win): correct the line above",
                refused.getMessage());
        assertEquals(
                "tenants.acme.networks.web.peers[0]: 10.2.0.1 is this host's own address; name the other hosts only",
                log.getLast());
        there = new FakeSwitch();
        start(true).close();
    }

    @Test
    void shouldTellTheServiceManager() throws Exception {
        final Path socket = folder.resolve("notify");
        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        final var group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            final Channel channel = new Bootstrap()
                    .group(group)
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                        @Override
                        protected void channelRead0(
                                final ChannelHandlerContext context, final DomainDatagramPacket packet) {
                            heard.add(packet.content().toString(StandardCharsets.UTF_8));
                        }
                    })
                    .bind(new DomainSocketAddress(socket.toFile()))
                    .sync()
                    .channel();
            ServiceManager.tell(socket.toString(), "READY=1", log::add);
            assertEquals("READY=1", heard.poll(10, TimeUnit.SECONDS));
            assertEquals(List.of(), log);
            channel.close().sync();
            ServiceManager.tell(folder.resolve("nobody").toString(), "READY=1", log::add);
            assertEquals(1, log.size());
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }
}
