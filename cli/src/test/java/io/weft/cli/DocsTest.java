package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.ConfigReader;
import io.weft.control.config.Host;
import io.weft.dataplane.DropReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The documents say what the code does. */
final class DocsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path OPERATE = ROOT.resolve("docs/operate.md");

    @Test
    void shouldAcceptTheExamples() throws IOException {
        final ConfigReader.Reading example = ConfigReader.readFile(ROOT.resolve("docs/examples/weft.yaml"), Host.any());
        assertEquals(List.of(), example.complaints());
        final Matcher yaml = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("README.md")));
        assertTrue(yaml.find());
        assertEquals(
                List.of(),
                ConfigReader.read("README.md", yaml.group(1), Host.any()).complaints());
    }

    @Test
    void shouldExplainEveryDropReason() throws IOException {
        final String text = Files.readString(OPERATE);
        final List<String> missing = Stream.of(DropReason.values())
                .filter(reason -> reason != DropReason.NONE)
                .map(DropReason::key)
                .filter(key -> !text.contains("`" + key + "`"))
                .toList();
        assertEquals(List.of(), missing);
    }

    @Test
    void shouldListEveryCommand() throws IOException {
        final String text = Files.readString(OPERATE);
        final List<String> missing = Weft.commandLine().getSubcommands().keySet().stream()
                .filter(name -> !text.contains("`weft " + name) && !text.contains("`" + name + "`"))
                .toList();
        assertEquals(List.of(), missing);
    }

    @Test
    void shouldHaveWhatItsLinksNameWhenRead() throws IOException {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            final Stream<Path> all =
                    Stream.concat(docs, Stream.of(ROOT.resolve("README.md"), ROOT.resolve("CHANGELOG.md")));
            for (final Path doc :
                    all.filter(file -> file.toString().endsWith(".md")).toList()) {
                final Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(Files.readString(doc));
                while (link.find()) {
                    final Path target = doc.resolveSibling(link.group(1));
                    assertTrue(Files.exists(target), doc + " names " + link.group(1));
                }
            }
        }
    }
}
