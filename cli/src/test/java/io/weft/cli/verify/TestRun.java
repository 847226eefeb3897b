package io.weft.cli.verify;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * One run of a test as Surefire's report tells it.
 *
 * @param name the method's name, for a parameterized test with arguments behind it; empty: the whole class
 * @param reason why it was skipped or how it failed, else empty
 */
record TestRun(String module, String type, String name, double seconds, Result result, String reason) {
    enum Result {
        PASSED,
        FAILED,
        SKIPPED
    }

    boolean isRunOf(final TaggedTest test) {
        if (!type.equals(test.type()) || name.isEmpty()) {
            return type.equals(test.type());
        }
        final int length = test.method().length();
        return name.startsWith(test.method())
                && (name.length() == length || !Character.isJavaIdentifierPart(name.charAt(length)));
    }

    /** Reads the reports of a module; none where there is no folder. */
    static List<TestRun> read(final String module, final Path folder) throws IOException {
        final List<TestRun> runs = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return runs;
        }
        try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder, "TEST-*.xml")) {
            for (final Path report : reports) {
                final Element suite = DocumentBuilderFactory.newDefaultInstance()
                        .newDocumentBuilder()
                        .parse(report.toFile())
                        .getDocumentElement();
                final NodeList cases = suite.getElementsByTagName("testcase");
                for (int i = 0; i < cases.getLength(); i++) {
                    runs.add(run(module, (Element) cases.item(i)));
                }
                if (cases.getLength() == 0) {
                    // What an assumption before all tests leaves; its words are only on the console.
                    final String reason = "as a whole; its line \"skipped: ...\" in target/verify.log says why";
                    runs.add(new TestRun(module, suite.getAttribute("name"), "", 0, Result.SKIPPED, reason));
                }
            }
        } catch (final ParserConfigurationException | SAXException e) {
            throw new IOException("unreadable report in " + folder + ": " + e.getMessage(), e);
        }
        return runs;
    }

    private static TestRun run(final String module, final Element testcase) {
        Result result = Result.PASSED;
        String reason = "";
        for (final String tag : List.of("failure", "error", "skipped")) {
            final NodeList found = testcase.getElementsByTagName(tag);
            if (found.getLength() > 0) {
                result = tag.equals("skipped") ? Result.SKIPPED : Result.FAILED;
                reason = reason((Element) found.item(0));
                break;
            }
        }
        final String seconds = testcase.getAttribute("time").replace(",", "");
        return new TestRun(
                module,
                testcase.getAttribute("classname"),
                testcase.getAttribute("name"),
                seconds.isEmpty() ? 0 : Double.parseDouble(seconds),
                result,
                reason);
    }

    /** One line: the message, else the exception without its name. */
    private static String reason(final Element element) {
        final String message = element.getAttribute("message").strip();
        final String text = message.isEmpty() ? element.getTextContent().strip() : message;
        final String line = text.lines().findFirst().orElse("");
        return line.replaceFirst("^[\\w.$]+Exception: ", "").replaceFirst("^Assumption failed: ", "");
    }
}
