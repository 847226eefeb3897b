#!/usr/bin/env bash
# A switch on one core behind a veth pair, by AF_XDP, AF_PACKET and the kernel's sockets in turn: millions of frames a
# second that it takes out of VXLAN packets (in), and that it sends in them (out), with 64 and 1500 bytes.
#   bench/uplinks.sh [ROUNDS [SECONDS]]    default: 5 rounds of 2 seconds; needs root, iproute2 and a built project
#                                          SUT_CPU, LOAD_CPU: 0 and 1; LOAD: af-xdp or af-packet, how packets are sent
# In: a sender on the other core floods. Out: an XDP program at the other end throws packets away. Medians of the rounds,
# which are interleaved.
set -eu
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
rounds=${1:-5} seconds=${2:-2}
sut=${SUT_CPU:-0} load=${LOAD_CPU:-1} how=${LOAD:-af-packet}
p=weft-$$-0-
tmp=$(mktemp -d -t "weft-$$-0-uplinks.XXXX")
pid=

cleanup() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    wait 2>/dev/null || true
    for ns in s l; do ip netns del "$p$ns" 2>/dev/null || true; done
    rm -rf "$tmp"
}
trap cleanup EXIT

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
classes=${UPLINKS_CLASSPATH:-"$root/bench/target/classes:$root/bench/target/lib/*"}
end() {
    local ns=$1 cpu=$2
    shift 2
    exec ip netns exec "$p$ns" timeout 120 taskset -c "$cpu" "$java" -XX:+UseSerialGC -Xmx256m \
        --enable-native-access=ALL-UNNAMED --add-exports java.base/jdk.internal.misc=ALL-UNNAMED \
        -XX:CompilerThreadStackSize=16384 -cp "$classes" io.weft.bench.Uplinks "$@"
}

for ns in s l; do ip netns add "$p$ns"; done
ip -n ${p}s link add eth0 mtu 1600 type veth peer name eth0 netns ${p}l mtu 1600
n=1
for ns in s l; do
    ip -n "$p$ns" addr add 10.77.0.$n/24 dev eth0
    ip -n "$p$ns" link set eth0 up
    n=2
done
ip -n ${p}s neigh add 10.77.0.2 lladdr "$(ip netns exec ${p}l cat /sys/class/net/eth0/address)" dev eth0
mac=$(ip netns exec ${p}s cat /sys/class/net/eth0/address)

for round in $(seq "$rounds"); do
    for bytes in 64 1500; do
        for direction in in out; do
            for device in af-xdp af-packet kernel; do
                if [ $direction = in ]; then
                    (end l "$load" send "$how" "$bytes" "$load" "$mac") 2>>"$tmp/err" &
                else
                    (end l "$load" drop) 2>>"$tmp/err" &
                fi
                pid=$!
                rate=$( (end s "$sut,$load" switch $device $direction $bytes "$seconds" "$sut") 2>>"$tmp/err")
                kill $pid && wait $pid 2>/dev/null || true
                pid=
                echo "$bytes $direction $device ${rate:?$(tail -3 "$tmp/err")}" | tee -a "$tmp/rates" >&2
            done
        done
    done
done

echo "| bytes | direction | AF_XDP | AF_PACKET | kernel sockets |"
echo "|---|---|---|---|---|"
for bytes in 64 1500; do
    for direction in in out; do
        row="| $bytes | $direction |"
        for device in af-xdp af-packet kernel; do
            row="$row $(awk -v k="$bytes $direction $device" 'index($0, k " ") == 1 { print $4 }' "$tmp/rates" |
                sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }') |"
        done
        echo "$row"
    done
done
