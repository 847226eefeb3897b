package io.weft.control;

import io.weft.control.config.Config;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.ConfigWriter;
import io.weft.control.config.Host;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What survives a restart: the configuration as applied, and the one before it. A file is written beside, synced and
 * renamed, so that at every moment, kill -9 and loss of power included, a whole one is there. The folder's lock is the
 * kernel's and ends with the process. Owned by the control thread.
 */
public final class StateFolder implements AutoCloseable {
    static final String CURRENT = "applied";
    static final String PREVIOUS = "applied.previous";
    private static final String LOCK = "lock";
    private static final FileAttribute<Set<PosixFilePermission>> FOLDER_MODE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final Path folder;
    private final FileChannel lock;

    private StateFolder(final Path folder, final FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /** What was applied last. */
    public record Stored(Config config, long revision) {}

    /** Makes the folder where it is not there, and locks it; one line says what is in the way. */
    public static StateFolder open(final Path folder) {
        FileChannel channel = null;
        try {
            Files.createDirectories(folder, FOLDER_MODE);
            channel = FileChannel.open(
                    folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (channel.tryLock() == null) {
                throw inUse(folder, channel);
            }
            final byte[] pid = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
            channel.truncate(0).write(ByteBuffer.wrap(pid), 0);
            return new StateFolder(folder, channel);
        } catch (final OverlappingFileLockException _) {
            throw closing(channel, inUse(folder, channel));
        } catch (final SwitchException e) {
            throw closing(channel, e);
        } catch (final IOException e) {
            throw closing(
                    channel,
                    new SwitchException(
                            "state folder " + folder + " cannot be used (" + e + "); make it writable, or name another"
                                    + " in state:",
                            e));
        }
    }

    private static SwitchException closing(final FileChannel channel, final SwitchException cause) {
        if (channel != null) {
            try {
                channel.close();
            } catch (final IOException e) {
                cause.addSuppressed(e);
            }
        }
        return cause;
    }

    private static SwitchException inUse(final Path folder, final FileChannel channel) {
        String holder = "";
        try {
            final ByteBuffer pid = ByteBuffer.allocate(20);
            if (channel.read(pid, 0) > 0) {
                holder = " (process " + new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII) + ")";
            }
        } catch (final IOException _) {
            // Who it is would only have been a help.
        }
        return new SwitchException("state folder " + folder + " is in use by another switch" + holder
                + "; stop that, or name another folder in state:");
    }

    public Path path() {
        return folder;
    }

    /**
     * Returns what was applied last, or null where there is nothing. A damaged file is set aside and the one before it
     * taken.
     *
     * @param log takes a line for each thing that was not as it should be
     */
    public Stored read(final Consumer<String> log) {
        final Stored current = read(CURRENT, log);
        if (current != null) {
            return current;
        }
        final Stored previous = read(PREVIOUS, log);
        if (previous != null) {
            log.accept("state: took the configuration before the last change, revision " + previous.revision());
        }
        return previous;
    }

    private Stored read(final String name, final Consumer<String> log) {
        final Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            return null;
        }
        try {
            final StateFile content = StateFile.parse(Files.readAllBytes(file));
            if (content != null) {
                final ConfigReader.Reading reading = ConfigReader.read(file.toString(), content.text(), Host.any());
                if (reading.ok()) {
                    return new Stored(reading.config(), content.revision());
                }
                reading.complaints().forEach(complaint -> log.accept("state: " + complaint));
            }
        } catch (final IOException e) {
            throw new SwitchException("state file " + file + " cannot be read: " + e, e);
        }
        setAside(file, log);
        return null;
    }

    private static void setAside(final Path file, final Consumer<String> log) {
        final Path aside = file.resolveSibling(file.getFileName() + ".damaged-" + STAMP.format(Instant.now()));
        try {
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            log.accept("state: " + file + " is damaged; it was set aside as " + aside);
        } catch (final IOException e) {
            log.accept("state: " + file + " is damaged and could not be set aside: " + e);
        }
    }

    /** Writes the configuration; when it returns, it will be there after a crash. */
    public void write(final Config config, final long revision) throws IOException {
        final Path fresh = folder.resolve(CURRENT + ".new");
        final Path current = folder.resolve(CURRENT);
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            final ByteBuffer bytes = ByteBuffer.wrap(new StateFile(revision, ConfigWriter.yaml(config)).bytes());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        if (Files.exists(current)) {
            keepPrevious(current);
        }
        Files.move(fresh, current, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private void keepPrevious(final Path current) throws IOException {
        final Path previous = folder.resolve(PREVIOUS);
        Files.deleteIfExists(previous);
        try {
            Files.createLink(previous, current);
        } catch (final FileSystemException | UnsupportedOperationException _) {
            // A file system without hard links.
            Files.copy(current, previous);
        }
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (final IOException _) {
            // The process ends, and the lock with it.
        }
    }
}
