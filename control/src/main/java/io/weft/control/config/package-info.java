/**
 * The configuration: its model, YAML with places, whole-configuration checks, the difference between two of them, and
 * the state folder that keeps what was applied.
 */
package io.weft.control.config;
