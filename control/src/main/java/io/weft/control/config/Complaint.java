package io.weft.control.config;

/**
 * One thing that is wrong with a configuration.
 *
 * @param warning whether the configuration can be used all the same
 * @param file the file's name as given, or null if the configuration did not come from a file
 * @param line counted from 1; 0 where there is none
 * @param column counted from 1; 0 where there is none
 * @param key dotted path of the key, or empty for the whole file
 * @param message what is wrong and what to do
 */
public record Complaint(boolean warning, String file, int line, int column, String key, String message) {

    /** A complaint that has no place in a file. */
    public static Complaint of(final String key, final String message) {
        return new Complaint(false, null, 0, 0, key, message);
    }

    /** {@code file:line: key: message}, without what there is none of; one line, whatever stands in the file. */
    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder(96);
        if (file != null) {
            text.append(file).append(':');
            if (line > 0) {
                text.append(line).append(':');
            }
            text.append(' ');
        }
        if (warning) {
            text.append("warning: ");
        }
        if (!key.isEmpty()) {
            text.append(key).append(": ");
        }
        return Words.printable(text.append(message).toString());
    }
}
