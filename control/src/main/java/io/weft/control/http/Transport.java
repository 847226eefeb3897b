package io.weft.control.http;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.function.Supplier;

/** How sockets are waited for: the best that this machine has. */
enum Transport {
    IO_URING(IoUringServerDomainSocketChannel.class, IoUringServerSocketChannel.class) {
        @Override
        boolean isAvailable() {
            return IoUring.isAvailable();
        }

        @Override
        Supplier<IoHandlerFactory> factory() {
            return IoUringIoHandler::newFactory;
        }
    },
    EPOLL(EpollServerDomainSocketChannel.class, EpollServerSocketChannel.class) {
        @Override
        boolean isAvailable() {
            return Epoll.isAvailable();
        }

        @Override
        Supplier<IoHandlerFactory> factory() {
            return EpollIoHandler::newFactory;
        }
    },
    NIO(NioServerDomainSocketChannel.class, NioServerSocketChannel.class) {
        @Override
        boolean isAvailable() {
            return true;
        }

        @Override
        Supplier<IoHandlerFactory> factory() {
            return NioIoHandler::newFactory;
        }
    };

    private final Class<? extends ServerChannel> unix;
    private final Class<? extends ServerChannel> tcp;

    Transport(final Class<? extends ServerChannel> unix, final Class<? extends ServerChannel> tcp) {
        this.unix = unix;
        this.tcp = tcp;
    }

    static Transport best() {
        for (final Transport transport : values()) {
            if (transport.isAvailable()) {
                return transport;
            }
        }
        return NIO;
    }

    abstract boolean isAvailable();

    abstract Supplier<IoHandlerFactory> factory();

    /** One thread for everything: the API must not take a worker's CPU. */
    EventLoopGroup newGroup() {
        return new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("weft-api", true), factory().get());
    }

    Class<? extends ServerChannel> unixChannel() {
        return unix;
    }

    Class<? extends ServerChannel> tcpChannel() {
        return tcp;
    }

    SocketAddress unixAddress(final String path) {
        return this == NIO ? UnixDomainSocketAddress.of(path) : new DomainSocketAddress(path);
    }
}
