package io.weft.dataplane.api;

/** How an AF_XDP port is to reach its NIC. */
public enum NicMode {
    /** The best that the driver can: zero-copy, else copied by the driver's hook, else by the stack's. */
    AUTO("auto"),
    /** The NIC reads and writes the packet memory itself, or the port does not open. */
    ZERO_COPY("zero-copy"),
    /** By the driver's own hook, with or without a copy. */
    NATIVE("native"),
    /** By the kernel's stack, which works with every driver and is slower. */
    SKB("skb");

    private final String key;

    NicMode(final String key) {
        this.key = key;
    }

    /** The word in the configuration. */
    public String key() {
        return key;
    }
}
