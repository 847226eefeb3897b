/**
 * The control API on Netty: listeners, requests and their limits, routes, events, metrics, and its own description in
 * OpenAPI. Start at {@link io.weft.control.http.ApiServer}; what each route does is in the {@code ..Routes}.
 */
package io.weft.control.http;
