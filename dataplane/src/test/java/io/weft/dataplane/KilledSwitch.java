package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A switch in a process of its own, with its own threads, that {@link SwitchKillTest} kills. */
final class KilledSwitch {
    private KilledSwitch() {}

    static Process start(final Path folder) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-exports",
                        "java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledSwitch.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Serves guests a and b, whose sockets are in the folder, for a minute at most. */
    public static void main(final String[] arguments) throws InterruptedException {
        final Path folder = Path.of(arguments[0]);
        final Switch weft = Switch.launch(new SwitchContext()
                .portState(folder)
                .underlay(new UnderlaySpec(
                        List.of(IpAddress.parse("10.1.0.1")),
                        false,
                        UnderlaySpec.Device.MEMORY,
                        0,
                        List.of(),
                        8,
                        Map.of(),
                        1600)));
        get(weft.control().putTenant(new TenantSpec("t", 1024)));
        get(weft.control().putNetwork(TestSwitch.spec("t/n", 5001, Encapsulation.VXLAN)));
        for (final String name : List.of("b", "a")) {
            get(weft.control()
                    .putPort(new PortSpec(
                            name,
                            PortSpec.Kind.VHOST_USER,
                            null,
                            "t/n",
                            Map.of(),
                            1,
                            0,
                            0,
                            VhostSpec.client(folder.resolve(name + ".sock").toString()))));
        }
        TimeUnit.MINUTES.sleep(1);
        weft.close();
    }
}
