/**
 * Programs that the kernel runs for the switch: which of a NIC's packets are tunnels' and come here, and which stay the
 * kernel's. Assembled here, without a compiler.
 */
package io.weft.dataplane.bpf;
