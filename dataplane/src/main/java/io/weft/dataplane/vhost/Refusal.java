package io.weft.dataplane.vhost;

/** Why a message was not obeyed; one line for the operator. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    /** What becomes of the session. */
    enum Then {
        /** It goes on; a frontend that asked for an answer is told. */
        GO_ON,
        /** It goes on if the frontend asked for an answer, and can act on it; else it ends. */
        ANSWER_OR_END,
        /** It ends: the frontend does not speak the protocol. */
        END
    }

    private final Then then;

    private Refusal(final Then then, final String reason) {
        super(reason, null, false, false);
        this.then = then;
    }

    /** It asks for what cannot be done, and may do without. */
    static Refusal soft(final String reason) {
        return new Refusal(Then.GO_ON, reason);
    }

    /** It asks for what cannot be done. */
    static Refusal of(final String reason) {
        return new Refusal(Then.ANSWER_OR_END, reason);
    }

    /** It is malformed, or out of turn. */
    static Refusal malformed(final String reason) {
        return new Refusal(Then.END, reason);
    }

    Then then() {
        return then;
    }
}
