package io.weft.encap;

/**
 * The eight bytes before an inner frame: the header of VXLAN, NVGRE or Geneve. It is all that is written where the
 * kernel makes IP and UDP.
 *
 * <p>Immutable.
 */
public final class TunnelHeader {
    public static final int LENGTH = 8;

    private final long template;
    private final int flowIdMask;

    /**
     * Makes the header of a tunnel.
     *
     * @param vni 24 bits; NVGRE calls it VSID
     * @param flowId whether NVGRE's FlowID is made from the flow's hash, and not 0
     */
    public TunnelHeader(final Encapsulation encapsulation, final int vni, final boolean flowId) {
        if (vni < 0 || vni > Vxlan.VNI_MAX) {
            throw new IllegalArgumentException("a VNI has 24 bits: 0 to " + Vxlan.VNI_MAX + ", not " + vni);
        }
        template = switch (encapsulation) {
            case VXLAN -> Vxlan.header(vni);
            case NVGRE -> Nvgre.header(vni, 0);
            case GENEVE -> Geneve.header(vni);
        };
        flowIdMask = encapsulation == Encapsulation.NVGRE && flowId ? 0xff : 0;
    }

    /** Returns the eight bytes in network order for the flow of that hash. */
    public long bytes(final int hash) {
        return template | (FlowHash.flowId(hash) & flowIdMask);
    }

    public void write(final long to, final int hash) {
        Mem.putLong(to, bytes(hash));
    }
}
