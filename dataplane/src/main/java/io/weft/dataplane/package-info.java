/**
 * The engine: workers that poll, the pipeline that a burst of frames goes through, and the conductor that changes what
 * they know. Start reading at {@link io.weft.dataplane.Worker} and {@link io.weft.dataplane.Pipeline}.
 */
package io.weft.dataplane;
