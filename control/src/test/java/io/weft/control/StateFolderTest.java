package io.weft.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.Complaining;
import io.weft.control.config.Config;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFolderTest {
    private static final Config FIRST = Complaining.good("underlay: {address: 10.1.0.1}\ntenants: {a: {}}");
    private static final Config SECOND =
            Complaining.good("underlay: {address: 10.1.0.1}\ntenants: {a: {networks: {w: {vni: 5}}}}");

    private final List<String> log = new ArrayList<>();

    @TempDir
    Path folder;

    @Test
    void shouldKeepWhatWasApplied() throws IOException {
        try (StateFolder state = StateFolder.open(folder.resolve("a/b"))) {
            assertNull(state.read(log::add));
            state.write(FIRST, 1);
            assertEquals(new StateFolder.Stored(FIRST, 1), state.read(log::add));
            state.write(SECOND, 2);
        }
        try (StateFolder state = StateFolder.open(folder.resolve("a/b"))) {
            assertEquals(new StateFolder.Stored(SECOND, 2), state.read(log::add));
        }
        assertEquals(List.of(), log);
    }

    @Test
    void shouldSetAsideWhateverIsTruncatedOrFlipped() throws IOException {
        try (StateFolder state = StateFolder.open(folder)) {
            state.write(SECOND, 2);
            final Path file = folder.resolve(StateFolder.CURRENT);
            final byte[] whole = Files.readAllBytes(file);
            for (int i = 0; i < whole.length; i++) {
                assertSetAside(state, file, Arrays.copyOf(whole, i), "truncated at " + i);
                for (int bit = 0; bit < 8; bit++) {
                    final byte[] flipped = whole.clone();
                    flipped[i] ^= (byte) (1 << bit);
                    assertSetAside(state, file, flipped, "flipped bit " + bit + " of " + i);
                }
            }
            assertSetAside(state, file, Arrays.copyOf(whole, whole.length + 1), "longer");
        }
    }

    private void assertSetAside(final StateFolder state, final Path file, final byte[] bytes, final String why)
            throws IOException {
        log.clear();
        Files.write(file, bytes);
        assertNull(state.read(log::add), why);
        assertFalse(Files.exists(file), why);
        assertEquals(1, log.size(), why);
        assertTrue(log.getFirst().startsWith("state: " + file + " is damaged; it was set aside as "), log.getFirst());
        final Path aside = Path.of(log.getFirst().substring(log.getFirst().lastIndexOf(' ') + 1));
        assertEquals(List.of(aside), damaged(), why);
        Files.delete(aside);
    }

    private List<Path> damaged() throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().contains(".damaged-"))
                    .toList();
        }
    }

    @Test
    void shouldTakeTheOneBeforeWhenTheLastIsDamaged() throws IOException {
        try (StateFolder state = StateFolder.open(folder)) {
            state.write(FIRST, 1);
            state.write(SECOND, 2);
            Files.write(folder.resolve(StateFolder.CURRENT), new byte[100]);
            assertEquals(new StateFolder.Stored(FIRST, 1), state.read(log::add));
            assertEquals("state: took the configuration before the last change, revision 1", log.getLast());
            state.write(SECOND, 2);
            assertEquals(new StateFolder.Stored(SECOND, 2), state.read(log::add));
        }
    }

    @Test
    void shouldSetAsideWhatIsWholeButNoConfiguration() throws IOException {
        try (StateFolder state = StateFolder.open(folder)) {
            Files.write(folder.resolve(StateFolder.CURRENT), new StateFile(7, "tenants: {a: {}}").bytes());
            assertNull(state.read(log::add));
            assertEquals(2, log.size());
            assertEquals(1, damaged().size());
        }
    }

    @Test
    void shouldRefuseAFolderInUse() throws IOException {
        try (StateFolder _ = StateFolder.open(folder)) {
            final SwitchException refused = assertThrows(SwitchException.class, () -> StateFolder.open(folder));
            assertEquals(
                    "state folder " + folder + " is in use by another switch (process "
                            + ProcessHandle.current().pid() + "); stop that, or name another folder in state:",
                    refused.getMessage());
        }
        StateFolder.open(folder).close();
    }

    @Test
    void shouldFindNoStaleLockWhenTheHolderWasKilled() throws Exception {
        final Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertEquals('r', holder.getInputStream().read());
            final SwitchException refused = assertThrows(SwitchException.class, () -> StateFolder.open(folder));
            assertTrue(refused.getMessage().contains("(process " + holder.pid() + ")"), refused.getMessage());
        } finally {
            holder.destroyForcibly();
        }
        assertTrue(holder.waitFor(20, TimeUnit.SECONDS));
        try (StateFolder state = StateFolder.open(folder)) {
            assertNotNull(state);
        }
    }

    /** Holds a state folder until it is killed. */
    static final class Holder {
        private Holder() {}

        public static void main(final String[] args) throws IOException {
            final StateFolder state = StateFolder.open(Path.of(args[0]));
            System.out.print('r');
            System.out.flush();
            if (System.in.read() < 0) {
                state.close();
            }
        }
    }

    @Test
    void shouldSayWhatToDoWhenTheFolderCannotBeMade() throws IOException {
        final Path file = Files.writeString(folder.resolve("file"), "");
        final SwitchException refused = assertThrows(SwitchException.class, () -> StateFolder.open(file.resolve("x")));
        assertTrue(
                refused.getMessage().startsWith("state folder " + file.resolve("x") + " cannot be used ("),
                refused.getMessage());
        assertTrue(refused.getMessage().endsWith("); make it writable, or name another in state:"));
    }

    @Test
    void shouldNotTouchTheStateOfANewerVersion() throws IOException {
        final byte[] newer = new StateFile(7, "x").bytes();
        newer[11] = 2;
        final java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(newer, 0, newer.length - 4);
        java.nio.ByteBuffer.wrap(newer).putInt(newer.length - 4, (int) crc.getValue());
        try (StateFolder state = StateFolder.open(folder)) {
            Files.write(folder.resolve(StateFolder.CURRENT), newer);
            final SwitchException refused = assertThrows(SwitchException.class, () -> state.read(log::add));
            assertEquals(
                    "the state folder was written by another version of weft (format 2); run that, or name another folder in"
                            + " state:",
                    refused.getMessage());
        }
    }
}
