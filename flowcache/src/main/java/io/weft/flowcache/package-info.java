/**
 * The tables that a worker looks frames up in: networks, endpoints, MAC addresses, flows and flood lists. Memory is the
 * caller's, one thread writes, nothing is allocated after construction.
 */
package io.weft.flowcache;
