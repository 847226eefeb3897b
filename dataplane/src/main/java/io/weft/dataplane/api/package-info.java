/**
 * What the layer above sees of the switch: specifications of what is wanted, rows of what is, and {@link
 * io.weft.dataplane.api.SwitchControl}, which takes the one and gives the other.
 */
package io.weft.dataplane.api;
