package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WordsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 ms",
        "999, 999 ms",
        "1000, 1 s",
        "59999, 59 s",
        "60000, 1 min",
        "3599000, 59 min 59 s",
        "3600000, 1 h",
        "86399000, 23 h 59 min",
        "90000000, 1 d 1 h",
        "-5, 0 ms"
    })
    void shouldSayDurationInItsTwoLargestUnits(final long millis, final String words) {
        assertEquals(words, Words.duration(millis));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "3.25, 3.3",
        "12.4, 12",
        "999, 999",
        "999.6, 1.00 k",
        "9994, 9.99 k",
        "9996, 10.0 k",
        "99960, 100 k",
        "14200000, 14.2 M",
        "-3, 0"
    })
    void shouldScaleToThreeDigits(final double value, final String words) {
        assertEquals(words, Words.scaled(value));
    }

    @Test
    void shouldSayBytesAndCountsWithUnits() {
        assertEquals("12 B", Words.bytes(12));
        assertEquals("1.50 kB", Words.bytes(1500));
        assertEquals("1,234,567", Words.count(1_234_567));
        assertEquals("26 %", Words.percent(0.256));
    }

    @Test
    void shouldRefuseRowOfOtherWidth() {
        final Table table = new Table("A", "B");
        assertThrows(IllegalArgumentException.class, () -> table.row("only one"));
        assertEquals("  nothing\n", table.render("  ", "nothing"));
    }
}
