package io.weft.control.http;

import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The file of a Unix socket that the switch serves. It is made in a folder that only we may enter, gets its mode there and
 * is then moved to its place: nobody can connect before it is 0600, and a file that a killed switch left is replaced in
 * one step. What somebody still answers on, or what is no socket, is never touched. Owned by the thread that opens and
 * closes the API.
 */
final class UnixSocketFile {
    /** Bytes of the longest path that a socket can have (sun_path without its end). */
    private static final int MAX_PATH = 107;

    private final Path path;
    private final Path folder;
    private Object identity;

    private UnixSocketFile(final Path path, final Path folder) {
        this.path = path;
        this.folder = folder;
    }

    /** Throws {@link SwitchException} when the place is taken or cannot be used. */
    static UnixSocketFile prepare(final Path wanted) {
        final Path path = wanted.toAbsolutePath();
        if (path.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length > MAX_PATH) {
            throw new SwitchException(
                    "api.unix: " + path + " is longer than " + MAX_PATH + " bytes: name a shorter path");
        }
        try {
            Files.createDirectories(path.getParent());
            requireFree(path);
            return new UnixSocketFile(path, newFolder(path.getParent()));
        } catch (final IOException e) {
            throw new SwitchException(
                    "api.unix: cannot make a socket at " + path + " (" + e + "): name a path in a folder of yours", e);
        }
    }

    /** With a short name, since a socket's path has few bytes: no longer than {@code api.sock} together. */
    private static Path newFolder(final Path parent) throws IOException {
        final var onlyUs = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        for (int attempt = 0; ; attempt++) {
            final int random = ThreadLocalRandom.current().nextInt(0x10000);
            try {
                return Files.createDirectory(parent.resolve("." + Integer.toHexString(random)), onlyUs);
            } catch (final FileAlreadyExistsException e) {
                if (attempt == 100) {
                    throw e;
                }
            }
        }
    }

    private static void requireFree(final Path path) throws IOException {
        final BasicFileAttributes there;
        try {
            there = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (final NoSuchFileException e) {
            return;
        }
        if (!there.isOther()) {
            throw new SwitchException(
                    "api.unix: " + path + " is there and is no socket: remove it or name another path");
        }
        try {
            SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
            throw new SwitchException("api.unix: somebody answers on " + path
                    + " already: end that switch, or name another path and another state folder");
        } catch (final ConnectException e) {
            // Refused: whoever made it is gone. Any other failure may mean that it is only busy.
        }
    }

    /** Where to bind. */
    String place() {
        return folder.resolve("s").toString();
    }

    /** Moves the bound socket to its place. */
    void publish() throws IOException {
        final Path bound = folder.resolve("s");
        Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
        identity = Files.readAttributes(bound, BasicFileAttributes.class).fileKey();
        Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(folder);
    }

    /** Removes the file if it is still ours. */
    void remove() {
        try {
            Files.deleteIfExists(folder.resolve("s"));
            Files.deleteIfExists(folder);
            final Object there = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
            if (identity != null && identity.equals(there)) {
                Files.delete(path);
            }
        } catch (final IOException e) {
            // It is gone already; a file that is left is stale and the next start replaces it.
        }
    }
}
