/**
 * Bytes on the wire: header codecs as static accessors over addresses, the one-pass parser, checksums, hashes, ECN and
 * prebuilt outer headers. It has no threads, no state and no I/O.
 */
package io.weft.encap;
