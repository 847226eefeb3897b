package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import picocli.CommandLine;

final class HelpTest {
    private static final String STATUS = "status";

    @TestFactory
    Stream<DynamicTest> shouldShowAnExampleForEveryCommand() {
        return all(Weft.commandLine(), new ArrayList<>()).stream()
                .filter(command -> !command.getCommandName().equals("help"))
                .map(command -> command.getCommandSpec().qualifiedName())
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    final List<String> args = new ArrayList<>(List.of(name.split(" ")));
                    args.removeFirst();
                    args.add("--help");
                    final Ran ran = Ran.weft(args.toArray(String[]::new));
                    assertEquals(0, ran.status(), ran.err());
                    final String example = ran.out().substring(ran.out().indexOf("Example:") + 1);
                    assertTrue(example.contains(name.equals("weft") ? "weft " : name), ran.out());
                }));
    }

    @Test
    void shouldKeepExamplesWholeInANarrowTerminal() {
        for (final CommandLine command : all(Weft.commandLine(), new ArrayList<>())) {
            for (final String line : command.getCommandSpec().usageMessage().footer()) {
                assertTrue(line.length() < 80, line);
            }
        }
    }

    @Test
    void shouldCompleteValuesThatAreOneOfFew() {
        final String script = Ran.weft("completion").out();
        for (final String values :
                List.of("\"client\" \"server\"", "\"in\" \"out\" \"drop\"", "\"vxlan\" \"nvgre\" \"geneve\"")) {
            assertTrue(script.contains(values), values);
        }
    }

    @Test
    void shouldTakeApiOptionWhereverTheSwitchIsAsked() {
        for (final CommandLine command : all(Weft.commandLine(), new ArrayList<>())) {
            if (command.getCommand() instanceof ApiCommand) {
                assertTrue(command.getCommandSpec().optionsMap().containsKey("--api"), command.getCommandName());
                assertTrue(command.getCommandSpec().optionsMap().containsKey("-o"), command.getCommandName());
            }
        }
    }

    @Test
    void shouldEndWithTwoAndNameTheNearestWhenCommandIsUnknown() {
        final Ran ran = Ran.weft("stauts");
        assertEquals(2, ran.status());
        assertTrue(ran.err().contains(STATUS), ran.err());
    }

    @Test
    void shouldEndWithTwoAndNameTheNearestWhenSubcommandIsUnknown() {
        final Ran ran = Ran.weft("port", "lst");
        assertEquals(2, ran.status());
        assertTrue(ran.err().contains("port ls"), ran.err());
    }

    @Test
    void shouldEndWithTwoWhenOptionIsUnknown() {
        final Ran ran = Ran.weft(STATUS, "--apo", "x");
        assertEquals(2, ran.status());
        assertTrue(ran.err().contains("--api"), ran.err());
    }

    @Test
    void shouldEndWithTwoWhenArgumentsAreMissing() {
        assertEquals(2, Ran.weft().status());
        assertEquals(2, Ran.weft("port").status());
        assertEquals(2, Ran.weft("peer", "add", "acme/web").status());
        assertEquals(2, Ran.weft("apply").status());
        assertEquals(2, Ran.weft("port", "add", "vm1", "--tap", "vm1").status());
        assertEquals(2, Ran.weft("peer", "add", "acme", "10.2.0.1").status());
        assertEquals(2, Ran.weft(STATUS, "-o", "xml").status());
    }

    @Test
    void shouldPrintVersion() {
        assertTrue(Ran.weft("--version").out().startsWith("weft "));
        assertEquals(Ran.weft("--version").out(), Ran.weft("version").out());
    }

    @Test
    void shouldPrintCompletionForEveryCommand() {
        final Ran ran = Ran.weft("completion");
        assertEquals(0, ran.status());
        assertTrue(ran.out().contains("complete -F _complete_weft"), ran.out());
        assertTrue(ran.out().contains("--flow-cache"), ran.out());
    }

    private static List<CommandLine> all(final CommandLine command, final List<CommandLine> to) {
        to.add(command);
        command.getSubcommands().values().forEach(each -> all(each, to));
        return to;
    }
}
