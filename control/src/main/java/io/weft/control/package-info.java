/** Keeps the switch as it is wanted: the service behind the API, the reconciler, and the daemon that holds them. */
package io.weft.control;
