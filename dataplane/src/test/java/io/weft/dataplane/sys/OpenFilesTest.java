package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class OpenFilesTest {
    @Test
    void shouldRaiseTheLimitToWhatItMayBe() throws Exception {
        OpenFiles.raise();
        final Matcher limits = Pattern.compile("Max open files +(\\d+) +(\\d+)")
                .matcher(Files.readString(Path.of("/proc/self/limits")));
        assertEquals(true, limits.find());
        assertEquals(limits.group(2), limits.group(1));
        assertEquals(Long.parseLong(limits.group(1)), OpenFiles.limit());
    }
}
