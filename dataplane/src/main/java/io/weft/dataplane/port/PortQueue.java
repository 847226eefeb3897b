package io.weft.dataplane.port;

/** One queue pair of a port: what a worker polls and sends to. Owned by one worker. */
public interface PortQueue extends RxQueue, PortSender {}
