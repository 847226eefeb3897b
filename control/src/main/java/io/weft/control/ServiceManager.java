package io.weft.control;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Tells systemd what the service is up to: one datagram to the socket that {@code NOTIFY_SOCKET} names, sd_notify(3). */
final class ServiceManager {
    private static final long TIMEOUT_MS = 2_000;

    private ServiceManager() {}

    /** Does nothing where no service manager waits; a failure is a line of the log, never more. */
    static void tell(final String state, final Consumer<String> log) {
        final String socket = System.getenv("NOTIFY_SOCKET");
        if (socket != null && !socket.isEmpty()) {
            tell(socket, state, log);
        }
    }

    static void tell(final String socket, final String state, final Consumer<String> log) {
        if (!Epoll.isAvailable()) {
            log.accept("weft: the service manager cannot be told " + state + ": no epoll on this machine");
            return;
        }
        final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            final String path = socket.startsWith("@") ? "\0" + socket.substring(1) : socket;
            final Channel channel = new Bootstrap()
                    .group(group)
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(new DomainSocketAddress(path))
                    .syncUninterruptibly()
                    .channel();
            channel.writeAndFlush(Unpooled.copiedBuffer(state, StandardCharsets.UTF_8))
                    .syncUninterruptibly();
            channel.close().awaitUninterruptibly(TIMEOUT_MS);
        } catch (final Exception e) {
            log.accept("weft: the service manager at " + socket + " cannot be told " + state + ": " + e.getMessage());
        } finally {
            group.shutdownGracefully(0, TIMEOUT_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(TIMEOUT_MS);
        }
    }
}
