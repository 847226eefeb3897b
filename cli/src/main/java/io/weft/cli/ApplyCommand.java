package io.weft.cli;

import io.weft.cli.client.ApiException;
import io.weft.cli.client.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code weft apply}. */
@Command(
        name = "apply",
        mixinStandardHelpOptions = true,
        description = {
            "Make the running switch what a file says, and print the difference.",
            "A wrong file changes nothing; every complaint is printed with its place in the file."
        },
        footerHeading = "%nExample:%n",
        footer = {"  weft config > weft.yaml", "  $EDITOR weft.yaml", "  weft apply -f weft.yaml --dry-run"})
final class ApplyCommand extends ApiCommand {
    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            required = true,
            description = "YAML or JSON; - is standard input")
    private Path file;

    @Option(names = "--dry-run", description = "only print what would be done")
    private boolean dryRun;

    @Override
    void execute() {
        final boolean stdin = file.toString().equals("-");
        final String name = stdin ? null : file.toString();
        final String path = query("/v1/config", "file", name, "dry-run", dryRun ? "true" : null);
        final Response response = client().send("PUT", path, read(stdin), "application/yaml", "application/json");
        try {
            printChange(response.orFail().json());
        } catch (final ApiException e) {
            // One complaint is the message already.
            e.complaints().stream()
                    .filter(complaint -> !complaint.equals(e.getMessage()))
                    .forEach(err()::println);
            throw new Failure(e.complaints().isEmpty() ? e.getMessage() : "nothing was changed: " + e.getMessage(), e);
        }
    }

    private String read(final boolean stdin) {
        try {
            final byte[] bytes = stdin ? System.in.readAllBytes() : Files.readAllBytes(file);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (final NoSuchFileException e) {
            throw new Failure(file + " is not there: name a configuration file with -f", e);
        } catch (final IOException e) {
            throw new Failure("cannot read " + file + " (" + e.getMessage() + "): name another with -f", e);
        }
    }
}
