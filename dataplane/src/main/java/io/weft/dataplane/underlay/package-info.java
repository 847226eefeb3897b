/**
 * Underlays: what carries tunnels between hosts. An underlay gives frames that begin at the tunnel header (VXLAN, GRE or
 * Geneve) with the outer facts beside them, and takes inner frames with the tunnel they go into.
 */
package io.weft.dataplane.underlay;
