package io.weft.encap;

/** How frames travel between hosts. */
public enum Encapsulation {
    /** RFC 7348, over UDP. */
    VXLAN("vxlan", Vxlan.PORT),
    /** RFC 7637, over GRE, which has no ports. */
    NVGRE("nvgre", 0),
    /** RFC 8926, over UDP. */
    GENEVE("geneve", Geneve.PORT);

    private final String label;
    private final int defaultPort;

    Encapsulation(final String label, final int defaultPort) {
        this.label = label;
        this.defaultPort = defaultPort;
    }

    /** Returns the word of configurations and listings. */
    public String label() {
        return label;
    }

    /** Returns the UDP port that the RFC assigns, or 0 without UDP. */
    public int defaultPort() {
        return defaultPort;
    }

    /** Says whether the tunnel header rides on UDP. */
    public boolean isUdp() {
        return defaultPort != 0;
    }

    /**
     * Returns the encapsulation of that label.
     *
     * @throws IllegalArgumentException with a text for the operator
     */
    public static Encapsulation parse(final String text) {
        for (final Encapsulation encapsulation : values()) {
            if (encapsulation.label.equals(text)) {
                return encapsulation;
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not an encapsulation; use vxlan, nvgre or geneve");
    }
}
