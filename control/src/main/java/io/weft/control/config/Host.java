package io.weft.control.config;

import io.weft.encap.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.BitSet;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * What a configuration is checked against: the machine that is to run it.
 *
 * @param hasCpu whether a CPU is there to be used
 * @param mtuOf MTU of the interface that holds the address, or 0 if none does
 * @param anyDevice whether devices do not matter, because captures take their place
 * @param hasUser whether there is a user with a name or number
 * @param hasGroup the same for groups
 * @param hasFolder whether a path is a folder
 */
public record Host(
        IntPredicate hasCpu,
        ToIntFunction<IpAddress> mtuOf,
        boolean anyDevice,
        Predicate<String> hasUser,
        Predicate<String> hasGroup,
        Predicate<String> hasFolder) {
    private static final UserPrincipalLookupService ACCOUNTS =
            FileSystems.getDefault().getUserPrincipalLookupService();
    private static final Path ONLINE = Path.of("/sys/devices/system/cpu/online");

    /** A machine with every user, group and folder. */
    Host(final IntPredicate hasCpu, final ToIntFunction<IpAddress> mtuOf, final boolean anyDevice) {
        this(hasCpu, mtuOf, anyDevice, _ -> true, _ -> true, _ -> true);
    }

    /** A machine that has everything, and whose MTUs are not known. */
    public static Host any() {
        return new Host(_ -> true, _ -> 0, false);
    }

    /** The same where captures take the place of all devices. */
    public static Host replay() {
        return new Host(_ -> true, _ -> 0, true);
    }

    /** The machine that this program runs on. */
    public static Host local() {
        final BitSet online = online();
        return new Host(
                online::get,
                Host::interfaceMtu,
                false,
                name -> isKnown(name, ACCOUNTS::lookupPrincipalByName),
                name -> isKnown(name, ACCOUNTS::lookupPrincipalByGroupName),
                path -> Files.isDirectory(Path.of(path)));
    }

    /** The same machine where users and groups do not matter: whoever is gone keeps one port down, not the switch. */
    public Host withAnyAccounts() {
        return new Host(hasCpu, mtuOf, anyDevice, _ -> true, _ -> true, hasFolder);
    }

    private interface Lookup {
        UserPrincipal find(String name) throws IOException;
    }

    private static boolean isKnown(final String name, final Lookup lookup) {
        try {
            return lookup.find(name) != null;
        } catch (final IOException _) {
            return false;
        }
    }

    private static BitSet online() {
        try {
            return cpus(Files.readString(ONLINE).strip());
        } catch (final IOException | NumberFormatException _) {
            final BitSet cpus = new BitSet();
            cpus.set(0, Runtime.getRuntime().availableProcessors());
            return cpus;
        }
    }

    /** Reads the kernel's list of CPUs: {@code 0-3,8}. */
    static BitSet cpus(final String list) {
        final BitSet cpus = new BitSet();
        for (final String range : list.split(",", -1)) {
            final int dash = range.indexOf('-');
            final int first = Integer.parseInt(dash < 0 ? range : range.substring(0, dash));
            cpus.set(first, (dash < 0 ? first : Integer.parseInt(range.substring(dash + 1))) + 1);
        }
        return cpus;
    }

    private static int interfaceMtu(final IpAddress address) {
        try {
            final InetAddress inet = InetAddress.getByAddress(address.bytes());
            final NetworkInterface found = NetworkInterface.getByInetAddress(
                    inet.isLoopbackAddress() ? InetAddress.getLoopbackAddress() : inet);
            return found == null ? 0 : found.getMTU();
        } catch (final IOException _) {
            return 0;
        }
    }
}
