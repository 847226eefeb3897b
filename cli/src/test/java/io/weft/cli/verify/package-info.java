/** What {@code ./verify} prints after the tests: counts, durations, skipped tests, the conformance table. */
package io.weft.cli.verify;
