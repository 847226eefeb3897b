/**
 * Frames on their way to whoever looks at them: the ring from worker to reader, pcapng (written and read), and a frame in
 * a line of text.
 */
package io.weft.dataplane.capture;
