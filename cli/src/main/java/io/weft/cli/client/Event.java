package io.weft.cli.client;

/**
 * One server-sent event.
 *
 * @param id as the switch numbered it; empty where it has none
 * @param type the event's name, {@code message} where it has none
 * @param data JSON as a rule
 */
public record Event(String id, String type, String data) {}
