package io.weft.dataplane.api;

/** A change or a start that could not be made; the message is one line that says what to do. Nothing was changed. */
public final class SwitchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SwitchException(final String message) {
        super(message);
    }

    public SwitchException(final String message, final Throwable cause) {
        super(message, cause);
    }
}
