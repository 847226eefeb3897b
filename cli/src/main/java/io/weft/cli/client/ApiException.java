package io.weft.cli.client;

import java.util.List;

/**
 * The switch could not be asked, or said no. The message is one line that says what to do; {@link #complaints()} are the
 * single complaints where the switch told several.
 */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient List<String> complaints;

    /** @param status the answer's HTTP status, or 0 when there was none */
    public ApiException(final int status, final String message, final List<String> complaints, final Throwable cause) {
        super(message, cause);
        this.status = status;
        this.complaints = List.copyOf(complaints);
    }

    ApiException(final String message, final Throwable cause) {
        this(0, message, List.of(), cause);
    }

    public int status() {
        return status;
    }

    public List<String> complaints() {
        return complaints == null ? List.of() : complaints;
    }
}
