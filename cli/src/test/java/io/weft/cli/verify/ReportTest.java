package io.weft.cli.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.cli.verify.TestRun.Result;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportTest {
    private static final Item ITEM = new Item("V1", "flags", "Weft");
    private static final Set<String> NOTHING = Set.of();

    @TempDir
    private Path folder;

    /** Read as a class file; Surefire leaves nested classes out. */
    @Tag("class-s")
    static class Sample extends SampleBase {
        @Test
        @Tag("one")
        @Tag("two")
        void two() {}
    }

    abstract static class SampleBase {
        @Test
        @Tag("parent-s")
        void inherited() {}
    }

    @Test
    void shouldFindTagsOfMethodsClassesAndParents() throws IOException, URISyntaxException {
        final Path classes = Path.of(ReportTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        final String type = Sample.class.getName();
        final List<TaggedTest> found = TaggedTest.scan(List.of(classes)).stream()
                .filter(test -> test.type().startsWith(type))
                .toList();
        assertEquals(
                Set.of(
                        new TaggedTest(type, "two", Set.of("class-s", "one", "two")),
                        new TaggedTest(type, "inherited", Set.of("class-s", "parent-s"))),
                Set.copyOf(found));
    }

    @Test
    void shouldReadReport() throws IOException {
        Files.writeString(folder.resolve("TEST-a.B.xml"), """
                <testsuite name="a.B">
                  <testcase name="x(int)[1]" classname="a.B" time="1,234.5"/>
                  <testcase name="y" classname="a.B" time="0.1"><skipped type="x">org.A$TestAbortedException: Assumption failed: no root&#10;at</skipped></testcase>
                  <testcase name="z" classname="a.B" time="0.1"><failure message="expected&#10;more">trace</failure></testcase>
                </testsuite>
                """);
        assertEquals(
                List.of(
                        new TestRun("encap", "a.B", "x(int)[1]", 1234.5, Result.PASSED, ""),
                        new TestRun("encap", "a.B", "y", 0.1, Result.SKIPPED, "no root"),
                        new TestRun("encap", "a.B", "z", 0.1, Result.FAILED, "expected")),
                TestRun.read("encap", folder));
    }

    @Test
    void shouldTakeReportWithoutTestsForSkippedClass() throws IOException {
        Files.writeString(folder.resolve("TEST-a.B.xml"), "<testsuite name=\"a.B\" tests=\"0\"/>");
        final List<TestRun> runs = TestRun.read("encap", folder);
        assertEquals(Result.SKIPPED, runs.getFirst().result());
        final Conformance.Row row = row(List.of(test("V1")), runs, NOTHING);
        assertNull(row.complaint());
        assertTrue(row.lines().getFirst().contains("skipped"));
    }

    @Test
    void shouldComplainWhenNoTestNamesItem() {
        assertEquals("no test names it", row(List.of(), List.of(), NOTHING).complaint());
        final Item kernel = new Item("V1", "flags", "kernel");
        assertNull(new Conformance(List.of(kernel), List.of(), List.of())
                .rows(NOTHING)
                .getFirst()
                .complaint());
    }

    @Test
    void shouldAcceptItemWhenItsTestPassed() {
        final Conformance.Row row = row(List.of(test("V1")), List.of(run("x(int)[1]", Result.PASSED)), NOTHING);
        assertNull(row.complaint());
        assertEquals(List.of("B#x"), row.lines());
    }

    @Test
    void shouldComplainWhenTestFailedOrDidNotRun() {
        final List<TestRun> failed = List.of(run("x", Result.PASSED), run("x", Result.FAILED));
        assertEquals(
                "a test failed or did not run",
                row(List.of(test("V1")), failed, NOTHING).complaint());
        final List<TestRun> other = List.of(run("xOther", Result.PASSED));
        assertEquals(
                "a test failed or did not run",
                row(List.of(test("V1")), other, NOTHING).complaint());
    }

    @Test
    void shouldExcuseTestsThatWereLeftOut() {
        final Conformance.Row row = row(List.of(test("V1", "system")), List.of(), Set.of("system"));
        assertNull(row.complaint());
        assertTrue(row.lines().getFirst().contains("left out"));
    }

    @Test
    void shouldNameTagsThatAreInNoTable() {
        final List<TaggedTest> tests = List.of(test("V1", "V99", "system"));
        assertEquals(Set.of("V99"), new Conformance(List.of(ITEM), tests, List.of()).unknownTags());
    }

    private static Conformance.Row row(
            final List<TaggedTest> tests, final List<TestRun> runs, final Set<String> leftOut) {
        return new Conformance(List.of(ITEM), tests, runs).rows(leftOut).getFirst();
    }

    private static TaggedTest test(final String... tags) {
        return new TaggedTest("a.B", "x", Set.of(tags));
    }

    private static TestRun run(final String name, final Result result) {
        return new TestRun("encap", "a.B", name, 0, result, "");
    }
}
