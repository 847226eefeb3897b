package io.weft.control.config;

import io.weft.control.config.Config.Device;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Sockets of vhost-user ports. */
final class VhostChecker {
    /** Bytes of the longest path that a Unix socket can have. */
    private static final int MAX_PATH = 107;

    private static final int WRITE = 0222;

    private VhostChecker() {}

    /** @param path of the port, such as {@code ports.vm1} */
    static void check(
            final String path, final Device device, final Config config, final Host host, final Complaints complaints) {
        final String key = path + "." + device.kind().key();
        final String file = device.name();
        if (file.isEmpty()) {
            if (!complaints.has(key)) {
                complaints.error(key, "is empty; give the socket's path");
            }
            return;
        }
        final Path folder = folder(file);
        final int bytes = file.getBytes(StandardCharsets.UTF_8).length;
        if (!file.startsWith("/")) {
            complaints.error(
                    key, Words.quoted(file) + " is not a whole path; begin it with /, such as /run/weft/vm1.sock");
        } else if (bytes > MAX_PATH) {
            complaints.error(
                    key,
                    "has " + bytes + " bytes, and a Unix socket's path at most " + MAX_PATH + "; name a shorter one");
        } else if (folder == null) {
            complaints.error(
                    key, Words.quoted(file) + " is not the path of a file; name one, such as /run/weft/vm1.sock");
        } else if (plain(file).equals(plain(config.api().unix()))) {
            complaints.error(key, file + " is the API's own socket (api.unix); name another");
        } else if (!host.anyDevice()
                && !host.hasFolder().test(folder.toString())
                && !folder.equals(folder(config.api().unix()))) {
            // The folder of the API's socket is made by the switch itself.
            complaints.warn(key, "there is no folder " + folder + " yet; the port waits until somebody makes it");
        }
        socket(path + ".socket", device, host, complaints);
    }

    private static void socket(final String key, final Device device, final Host host, final Complaints complaints) {
        final Device.Socket socket = device.socket();
        if (socket == null) {
            return;
        }
        if (device.mode() != Device.Mode.SERVER) {
            complaints.error(
                    key,
                    "is for a socket that the switch serves; in mode client the other side makes it: remove this, or say"
                            + " mode: server");
            return;
        }
        if ((socket.mode() & WRITE) == 0) {
            complaints.error(key + ".mode", "lets nobody connect, which takes the right to write; such as 0660");
        }
        if (host.anyDevice()) {
            return;
        }
        if (socket.owner() != null && !host.hasUser().test(socket.owner())) {
            complaints.error(key + ".owner", unknown("user", socket.owner()));
        }
        if (socket.group() != null && !host.hasGroup().test(socket.group())) {
            complaints.error(key + ".group", unknown("group", socket.group()));
        }
    }

    private static String unknown(final String what, final String name) {
        return "there is no " + what + " " + Words.quoted(name) + " on this host; make it, or name another";
    }

    /** The folder that the file is to lie in, or null where the path is none of a file. */
    private static Path folder(final String file) {
        try {
            return file.endsWith("/") ? null : Path.of(file).getParent();
        } catch (final InvalidPathException _) {
            return null;
        }
    }

    /** A path as two that are the same say it alike. */
    static String plain(final String path) {
        try {
            return Path.of(path).normalize().toString();
        } catch (final InvalidPathException _) {
            return path;
        }
    }
}
