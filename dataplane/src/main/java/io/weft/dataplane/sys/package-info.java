/**
 * Linux by its system calls, through the foreign function interface: files, sockets, TAP devices, epoll, memory maps.
 * It knows nothing of ports or frames, and it is the only package that may call restricted methods.
 *
 * <p>Structure layouts and constants are those of Linux on x86-64 and aarch64, little endian; where the two differ the
 * class says so.
 */
package io.weft.dataplane.sys;
