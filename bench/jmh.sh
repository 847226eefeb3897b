#!/usr/bin/env bash
# JMH over the pipeline and its parts, between memory ports, on one core. Prints nanoseconds and bytes allocated a frame.
#   bench/jmh.sh [JMH ARGUMENTS]     e.g. bench/jmh.sh PipelineBenchmark -p scenario=l2 -p flows=100000
set -eu -o pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
# shellcheck source=../cli/src/main/sh/jdk.sh
. "$root/cli/src/main/sh/jdk.sh"
JAVA_HOME=$(weft_find_jdk) || { echo "bench/jmh.sh: $weft_jdk_missing" >&2; exit 1; }
export JAVA_HOME
maven=mvn
command -v mvn >/dev/null || maven=$root/mvnw
mkdir -p "$root/target"
"$maven" -q -B -ntp -f "$root/pom.xml" -pl bench -am package -DskipTests >"$root/target/bench.log" 2>&1 ||
    { cat "$root/target/bench.log" >&2; exit 1; }
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --add-exports java.base/jdk.internal.misc=ALL-UNNAMED \
    -XX:CompilerThreadStackSize=16384 -XX:+UseSerialGC -XX:-UseCompressedOops -XX:LoopUnrollLimit=20 \
    -cp "$root/bench/target/classes:$root/bench/target/lib/*" org.openjdk.jmh.Main -prof gc "$@"
