package io.weft.cli;

/** A command that failed; the message is one line that says what to do. */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Failure(final String message) {
        super(message);
    }

    Failure(final String message, final Throwable cause) {
        super(message, cause);
    }
}
