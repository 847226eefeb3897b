package io.weft.control.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.ConfigReader.Reading;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConfigReaderFuzzTest {
    private static final String SPECIAL = "\t\n :-?[]{},#&*!|>'\"%@`~<=.0123456789abfhxé\u0000\u2028\ud83d\ude00";

    @Test
    void shouldTakeEveryTruncationAndEveryOtherCharacter() {
        final String whole = ConfigWriter.yaml(RandomConfig.any(new Random(7)))
                + "  zz: {network: \"t0/n0\", tap: zz, mac: 02:00:00:00:00:01, mtu: 1400}\n";
        for (int i = 0; i < whole.length(); i++) {
            check(whole.substring(0, i), "truncated at " + i);
            for (int c = 0; c < SPECIAL.length(); c++) {
                check(
                        whole.substring(0, i) + SPECIAL.charAt(c) + whole.substring(i + 1),
                        "character " + c + " at " + i);
            }
        }
    }

    @Test
    void shouldTakeAnyMixture() {
        for (long seed = 1; seed <= 2_000; seed++) {
            final Random random = new Random(seed);
            final StringBuilder text = new StringBuilder(ConfigWriter.yaml(RandomConfig.any(random)));
            for (int i = 1 + random.nextInt(6); i > 0; i--) {
                final int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.insert(at, SPECIAL.charAt(random.nextInt(SPECIAL.length())));
                    case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(12)));
                    default -> text.insert(at, text.substring(at, Math.min(text.length(), at + random.nextInt(40))));
                }
                if (text.isEmpty()) {
                    text.append('x');
                }
            }
            check(text.toString(), "seed " + seed);
        }
    }

    private static void check(final String text, final String why) {
        final Reading reading = ConfigReader.read("f", text, Host.any());
        assertEquals(reading.ok(), reading.complaints().stream().allMatch(Complaint::warning), why);
        reading.complaints().forEach(complaint -> {
            final String line = complaint.toString();
            assertTrue(line.startsWith("f: ") || line.startsWith("f:"), why + ": " + line);
            assertFalse(line.chars().anyMatch(Character::isISOControl), why + ": " + line);
        });
        if (reading.ok()) {
            final Reading again = ConfigReader.read("f", ConfigWriter.yaml(reading.config()), Host.any());
            assertEquals(reading.config(), again.config(), why + "\n" + text);
        }
    }
}
