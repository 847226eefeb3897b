package io.weft.control.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.weft.control.ControlService;
import io.weft.control.config.Config;
import io.weft.control.config.HostPort;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The control API's listeners. Opened before the switch so that a taken address is told at once; until {@link #serve} it
 * answers 503. May be used by any thread.
 */
public final class ApiServer implements AutoCloseable {
    private final Limits limits;
    private final Transport transport;
    private final EventLoopGroup group;
    private final ExecutorService changes = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("weft-api-changes").daemon().factory());
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final EventHub hub;
    private final ApiCounters counters = new ApiCounters();
    private final RequestServer requests;
    private UnixSocketFile socketFile;
    private int httpPort = -1;
    private volatile ControlService service;
    private volatile boolean closed;

    private ApiServer(final Limits limits, final Transport transport) {
        this.limits = limits;
        this.transport = transport;
        this.group = transport.newGroup();
        this.hub = new EventHub(limits.events());
        this.requests = new RequestServer(new Router(allRoutes()), hub, limits, counters, () -> !closed);
    }

    /** Listens as configured; throws {@link SwitchException} with one line when it cannot. */
    public static ApiServer open(final Config.Api api) {
        return open(api, Limits.DEFAULT, Transport.best());
    }

    static ApiServer open(final Config.Api api, final Limits limits, final Transport transport) {
        final ApiServer server = new ApiServer(limits, transport);
        try {
            if (api.unix() != null) {
                server.listenUnix(api.unix());
            }
            if (api.http() != null) {
                server.listenTcp(api);
            }
            return server;
        } catch (final RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** From now on requests are answered by this service; called once. */
    public void serve(final ControlService running) {
        running.switchControl().onEvent(hub::publish);
        service = running;
    }

    /** The port that TCP is listened on, or -1. */
    public int httpPort() {
        return httpPort;
    }

    static String version() {
        final String version = ApiServer.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }

    List<Route> allRoutes() {
        final Routes routes = new Routes(this::service, new Changes(changes, limits.pending()), group.next());
        final List<Route> all = new ArrayList<>();
        all.addAll(new StatusRoutes(routes, () -> service != null, counters).all());
        all.addAll(new ConfigRoutes(routes).all());
        all.addAll(ThingRoutes.all(routes));
        all.addAll(new PeerRoutes(routes).all());
        all.addAll(new TableRoutes(routes).all());
        all.addAll(new EventRoutes(this::service, limits, counters).all());
        all.addAll(new CaptureRoutes(routes).all());
        all.addAll(new TraceRoutes(routes).all());
        all.add(OpenApi.route(all));
        return all;
    }

    private ControlService service() {
        final ControlService running = service;
        if (running == null) {
            throw Problem.of(503, "the switch is starting: try again in a second", "Retry-After", "1");
        }
        return running;
    }

    private void listenUnix(final String path) {
        socketFile = UnixSocketFile.prepare(Path.of(path));
        final Listener listener = new Listener(Access.UNIX, null);
        bind(listener, transport.unixChannel(), transport.unixAddress(socketFile.place()), "api.unix: " + path);
        try {
            socketFile.publish();
        } catch (final IOException e) {
            throw new SwitchException(
                    "api.unix: cannot make a socket at " + path + " (" + e + "): name another path", e);
        }
    }

    private void listenTcp(final Config.Api api) {
        final HostPort address = HostPort.parse(api.http());
        if (address == null) {
            throw new SwitchException("api.http: \"" + api.http() + "\" is no ADDRESS:PORT");
        }
        if (!address.address().isLoopback() && api.tls() == null) {
            throw new SwitchException("api.http: " + api.http() + " is not loopback: add api.tls, or use 127.0.0.1");
        }
        final String token = api.tokenFile() == null ? null : Credentials.token(Path.of(api.tokenFile()));
        if (token == null && (api.tls() == null || api.tls().clientCa() == null)) {
            throw new SwitchException("api.http: needs api.token-file, or api.tls with a client CA: add one");
        }
        final SslContext tls = api.tls() == null ? null : Credentials.tls(api.tls(), token == null);
        final Channel channel = bind(
                new Listener(Access.tcp(token), tls),
                transport.tcpChannel(),
                socket(address),
                "api.http: " + api.http());
        httpPort = ((InetSocketAddress) channel.localAddress()).getPort();
    }

    private static InetSocketAddress socket(final HostPort address) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(address.address().bytes()), address.port());
        } catch (final UnknownHostException e) {
            throw new IllegalStateException("an address has four or sixteen bytes", e);
        }
    }

    private Channel bind(
            final Listener listener,
            final Class<? extends io.netty.channel.ServerChannel> type,
            final java.net.SocketAddress address,
            final String what) {
        final ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(type)
                .option(ChannelOption.SO_BACKLOG, 128)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(32 * 1024, 64 * 1024))
                .childHandler(listener);
        if (httpPort < 0 && address instanceof InetSocketAddress) {
            bootstrap.option(ChannelOption.SO_REUSEADDR, true);
        }
        final var bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new SwitchException(
                    what + " cannot be listened on (" + bound.cause().getMessage() + "): is it taken? Name another",
                    bound.cause());
        }
        channels.add(bound.channel());
        return bound.channel();
    }

    /** Ends all connections and removes the socket's file. */
    @Override
    public void close() {
        closed = true;
        if (socketFile != null) {
            socketFile.remove();
        }
        channels.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        changes.shutdown();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    /** Sets up each connection of one listener, as many as the limit lets in. */
    @SuppressWarnings("FutureReturnValueIgnored") // Whoever is closed here is not told.
    private final class Listener extends ChannelInitializer<Channel> {
        private final Access access;
        private final SslContext tls;
        private int open;

        Listener(final Access access, final SslContext tls) {
            this.access = access;
            this.tls = tls;
        }

        @Override
        protected void initChannel(final Channel channel) {
            if (open >= limits.connections() || closed) {
                counters.refusedConnections.incrementAndGet();
                channel.close();
                return;
            }
            open++;
            counters.connections.incrementAndGet();
            channel.closeFuture().addListener(done -> {
                open--;
                counters.connections.decrementAndGet();
            });
            channels.add(channel);
            if (tls != null) {
                channel.pipeline().addLast("tls", tls.newHandler(channel.alloc()));
            }
            channel.pipeline()
                    .addLast(new HttpServerCodec(new HttpDecoderConfig()
                            .setMaxInitialLineLength(limits.line())
                            .setMaxHeaderSize(limits.header())
                            .setMaxChunkSize(16 * 1024)))
                    .addLast("http", new HttpHandler(requests, access, limits));
        }
    }
}
