/** Ports: where frames of machines come from and go to. A worker sees only {@link io.weft.dataplane.port.PortQueue}. */
package io.weft.dataplane.port;
