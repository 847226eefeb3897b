/**
 * The command line's side of the control API: HTTP/1.1 over a Unix socket or TCP, one connection a request. Blocking, with
 * a time limit on everything but an event stream.
 */
package io.weft.cli.client;
