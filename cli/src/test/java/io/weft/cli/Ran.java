package io.weft.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** What a command printed and how it ended. */
record Ran(int status, String out, String err) {

    static Ran weft(final String... args) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final CommandLine command = Weft.commandLine();
        command.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        final int status = command.execute(args);
        return new Ran(status, out.toString(), err.toString());
    }

    static Ran weft(final CannedApi api, final String... args) {
        final List<String> all = new ArrayList<>(List.of(args));
        all.add("--api");
        all.add(api.url());
        return weft(all.toArray(String[]::new));
    }
}
