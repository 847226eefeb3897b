package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A file from one machine to another by TCP, compared by its digest; in processes of their own, which {@link #main} is. */
final class FileTransfer {
    private static final int BYTES = 20 << 20;
    private static final int PORT = 7007;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private FileTransfer() {}

    /** Carries 20 MB, and fails where they are not the same at the other end. */
    static void assertSame(final Machine from, final Machine to, final String address) {
        final long seed = System.nanoTime();
        System.out.println("seed of the file " + seed);
        final byte[] data = new byte[BYTES];
        new Random(seed).nextBytes(data);
        final Path sent = from.namespace().lab().newFile("sent");
        final Path received = from.namespace().lab().newFile("received");
        try {
            Files.write(sent, data);
            try (Background end = to.namespace().start(java("receive", received.toString()))) {
                end.awaitText("listening", LIMIT);
                final Sh.Result result = from.namespace().tryRun(LIMIT, java("send", address, sent.toString()));
                assertEquals(0, result.code(), result.err());
                assertEquals(0, end.await(LIMIT), "the receiver's end");
            }
            assertArrayEquals(digest(data), digest(Files.readAllBytes(received)), "SHA-256 of the file");
            Files.delete(sent);
            Files.delete(received);
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] digest(final byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (final NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String[] java(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                FileTransfer.class.getName()));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    /** {@code receive FILE}, or {@code send ADDRESS FILE}. */
    public static void main(final String[] arguments) throws IOException {
        if (arguments[0].equals("receive")) {
            try (ServerSocket server = new ServerSocket(PORT)) {
                System.out.println("listening");
                try (Socket socket = server.accept();
                        OutputStream file = Files.newOutputStream(Path.of(arguments[1]))) {
                    socket.getInputStream().transferTo(file);
                }
            }
        } else {
            try (Socket socket = new Socket(arguments[1], PORT);
                    InputStream file = Files.newInputStream(Path.of(arguments[2]))) {
                final byte[] buffer = new byte[1 << 18];
                for (int n = file.read(buffer); n >= 0; n = file.read(buffer)) {
                    socket.getOutputStream().write(buffer, 0, n);
                }
            }
        }
    }
}
