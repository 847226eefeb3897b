package io.weft.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code weft demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Show the main job on this machine, without privileges: two switches, two tenants with the same "
                + "addresses, recorded traffic, and a machine that moves.",
        footerHeading = "%nExample:%n",
        footer = "  weft demo")
final class DemoCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        if (!new Demo(spec.commandLine().getOut()).run()) {
            throw new Failure("the demo lost frames or let them cross; the lines above say which");
        }
    }
}
