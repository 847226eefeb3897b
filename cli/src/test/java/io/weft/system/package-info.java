/**
 * Tests of the whole program between network namespaces: real TAP devices, real sockets, real peers (Linux, Open
 * vSwitch). {@link io.weft.system.Lab} is the place to start reading; all of it needs root and is tagged "system".
 */
package io.weft.system;
