/**
 * The command line. Commands use nothing but the control API; {@code run}, {@code replay} and {@code demo} hold a
 * switch of their own.
 */
package io.weft.cli;
