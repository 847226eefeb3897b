package io.weft.system;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weft.cli.client.ApiClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A switch, {@code weft run}, on a host of the lab, with a state folder and a socket of its own. */
final class WeftProcess implements AutoCloseable {
    static final String MAIN_CLASS = "io.weft.cli.Weft";

    /** What the launcher gives the JVM as well: docs/design.md, "The JVM". */
    private static final List<String> JVM = List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--add-exports",
            "java.base/jdk.internal.misc=ALL-UNNAMED",
            "-XX:CompilerThreadStackSize=16384",
            "-XX:+UseSerialGC",
            "-XX:-UseCompressedOops",
            "-XX:LoopUnrollLimit=20",
            "-Xmx256m");

    private static final Duration READY = Duration.ofSeconds(60);
    private static final Duration COMMAND = Duration.ofSeconds(60);

    private final Host host;
    private final Path folder;
    private Background process;

    private WeftProcess(final Host host) {
        this.host = host;
        this.folder = host.lab().newFile("weft-" + host.label());
    }

    /** Starts a switch and waits until it forwards. */
    static WeftProcess start(final Host host, final String yaml) {
        final WeftProcess weft = new WeftProcess(host);
        try {
            Files.createDirectories(weft.folder);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        weft.write("weft.yaml", weft.config(yaml));
        weft.restart();
        return host.lab().own(weft);
    }

    /** The host's part of a configuration, and what the test says: tenants, ports. */
    String config(final String yaml) {
        final String underlay = yaml.contains("underlay:") ? "" : host.underlay("");
        return "name: " + host.label() + "\nstate: " + folder.resolve("state") + "\napi: {unix: " + socket() + "}\n"
                + underlay + yaml;
    }

    /** Starts it again on the file and the state as they are, and waits until it forwards. */
    void restart(final String... options) {
        begin(options);
        process.awaitText("ready", READY);
        if (host.isOwned()) {
            host.plugWire();
        }
    }

    /** Starts it without waiting. */
    Background begin(final String... options) {
        final List<String> command =
                java("run", "-c", folder.resolve("weft.yaml").toString());
        command.addAll(List.of(options));
        process = host.start(command.toArray(String[]::new));
        return process;
    }

    /** SIGKILL, as a crash would. */
    void kill() {
        process.kill();
    }

    /** SIGTERM; fails when it does not end within ten seconds. */
    int stop() {
        Sh.run("kill", "-TERM", String.valueOf(process.pid()));
        return process.await(Duration.ofSeconds(10));
    }

    @Override
    public void close() {
        process.close();
    }

    Host host() {
        return host;
    }

    Background process() {
        return process;
    }

    Path folder() {
        return folder;
    }

    Path socket() {
        return folder.resolve("api.sock");
    }

    Path write(final String name, final String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Replaces tenants and ports in the file that the next start reads. */
    void rewrite(final String yaml) {
        write("weft.yaml", config(yaml));
    }

    /** Runs a command against this switch; fails the test where the command fails. */
    String weft(final String... arguments) {
        final Sh.Result result = tryWeft(arguments);
        if (!result.ok()) {
            throw new AssertionError("weft " + String.join(" ", arguments) + " ended with " + result.code() + ": "
                    + result.err() + result.out());
        }
        return result.out();
    }

    Sh.Result tryWeft(final String... arguments) {
        final List<String> command = java(arguments);
        command.add(1, "-XX:TieredStopAtLevel=1");
        command.add("--api");
        command.add(socket().toString());
        return host.tryRun(COMMAND, command.toArray(String[]::new));
    }

    /** Starts a command against this switch that goes on. */
    Background startWeft(final String... arguments) {
        final List<String> command = java(arguments);
        command.add(1, "-XX:TieredStopAtLevel=1");
        command.add("--api");
        command.add(socket().toString());
        return host.start(command.toArray(String[]::new));
    }

    /** What a command prints with {@code -o json}. */
    JsonNode json(final String... arguments) {
        final String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "-o";
        all[arguments.length + 1] = "json";
        final String text = weft(all);
        try {
            return new ObjectMapper().readTree(text);
        } catch (final JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    /** Makes the running switch what the YAML says: the command's output. */
    String apply(final String yaml) {
        return weft("apply", "-f", write("next.yaml", config(yaml)).toString());
    }

    Sh.Result tryApply(final String yaml) {
        return tryWeft("apply", "-f", write("next.yaml", config(yaml)).toString());
    }

    /** Asks the API, without the cost of a command. */
    JsonNode get(final String path) {
        return ApiClient.of(socket().toString(), (String) null)
                .send("GET", path, null)
                .orFail()
                .json();
    }

    /** The count of a drop reason over all ports and networks. */
    long drops(final String reason) {
        long sum = 0;
        for (final JsonNode row : get("/v1/drops").path("drops")) {
            if (reason.equals(row.path("reason").asText())) {
                sum += row.path("count").asLong();
            }
        }
        return sum;
    }

    /** For whoever reads of a failure: ports, drops, and what the switch said. */
    String told() {
        return "\n" + host.label() + ":\n"
                + tryWeft("port", "ls").out() + tryWeft("stats").out()
                + tryWeft("drops").out() + process.err();
    }

    /** Where the switch believes a MAC address to be: a port's name, an endpoint's address, or "". */
    String locationOf(final String network, final String mac) {
        for (final JsonNode row :
                get("/v1/macs?network=" + ApiClient.segment(network)).path("macs")) {
            if (mac.equals(row.path("mac").asText())) {
                return row.path("location").asText();
            }
        }
        return "";
    }

    /** The JVM's command line for these arguments of weft. */
    static List<String> java(final String... arguments) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN_CLASS));
        command.addAll(List.of(arguments));
        return command;
    }
}
