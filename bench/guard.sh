#!/usr/bin/env bash
# Whether the pipeline between memory ports costs much more than it did: nanoseconds a frame against bench/guard.txt, as
# quotients of a fixed loop's time, so that they mean something on another machine. Some ten seconds; ends 1 with a warning
# beyond twice the recorded figure.
#   bench/guard.sh [--built] [--record]     --built: bench/target is there and new; --record: write bench/guard.txt
set -eu -o pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
built='' record=
for argument in "$@"; do
    case $argument in
        --built) built=yes ;;
        --record) record=--record ;;
        *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
done
# shellcheck source=../cli/src/main/sh/jdk.sh
. "$root/cli/src/main/sh/jdk.sh"
JAVA_HOME=$(weft_find_jdk) || { echo "bench/guard.sh: $weft_jdk_missing" >&2; exit 1; }
export JAVA_HOME
if [ -z "$built" ]; then
    maven=mvn
    command -v mvn >/dev/null || maven=$root/mvnw
    mkdir -p "$root/target"
    "$maven" -q -B -ntp -f "$root/pom.xml" -pl bench -am package -DskipTests >"$root/target/bench.log" 2>&1 ||
        { cat "$root/target/bench.log" >&2; exit 1; }
fi
exec timeout 120 "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
    --add-exports java.base/jdk.internal.misc=ALL-UNNAMED -XX:CompilerThreadStackSize=16384 -XX:+UseSerialGC -Xmx1g \
    -cp "$root/bench/target/classes:$root/bench/target/lib/*" io.weft.bench.Guard "$root/bench/guard.txt" $record
