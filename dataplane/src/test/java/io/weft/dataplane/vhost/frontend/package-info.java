/**
 * The other side of vhost-user for tests and as a source of load: a guest's memory, a virtio driver's rings, and the
 * frontend that speaks for them. Well-behaved until told otherwise; knows nothing of the device under test but the
 * specifications.
 */
package io.weft.dataplane.vhost.frontend;
