/** Measurements of the switch's parts and of the whole pipeline, with JMH; {@code bench/jmh.sh} runs them. */
package io.weft.bench;
