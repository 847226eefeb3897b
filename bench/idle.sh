#!/usr/bin/env bash
# What an idle switch costs, and how soon it is awake again:
# - the share of a core that `weft run` takes while nothing is sent;
# - the round trip of single pings between two of its TAPs, a second apart;
# - where DPDK is there, from the hand-over of a single frame by one guest to its appearance at the other, over
#   vhost-user, 20 to 50 ms apart, 1,000 of them; beside it, how long this machine takes to wake a thread that sleeps in
#   epoll, in the same rhythm on the same CPUs: no switch that sleeps is faster.
#   bench/idle.sh [SECONDS [PORTS]]        default: 20 seconds, 8 TAP ports; needs root and iproute2, and for the guests
#                                          bench/compare's packages and huge pages. SUT_CPU, LOAD_CPU: 0 and 1
# LOAD_CPU is awake all the time, as a guest is that computes.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
seconds=${1:-20} ports=${2:-8}
p=weft-$$-0-
tmp=$(mktemp -d -t "weft-$$-0-idle.XXXX")
pid=

cleanup() {
    local ns
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    wait 2>/dev/null || true
    for ns in h a b; do ip netns del "$p$ns" 2>/dev/null || true; done
    rm -rf "$tmp"
}
trap cleanup EXIT

for ns in h a b; do ip netns add "$p$ns"; done
ip -n ${p}h link set dev lo up
{
    cat <<END
name: idle
state: $tmp/state
api: {unix: $tmp/api.sock}
underlay: {address: [127.0.0.1]}
tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan, peers: [127.0.0.2]}}}}
ports:
END
    for i in $(seq "$ports"); do echo "  p$i: {network: acme/web, tap: t$i}"; done
} >"$tmp/weft.yaml"
ip netns exec ${p}h ./weft run -c "$tmp/weft.yaml" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until grep -q ready "$tmp/out"; do
    kill -0 $pid 2>/dev/null || { cat "$tmp/err" >&2 && exit 1; }
    sleep 0.2
done
for m in "a 1" "b 2"; do
    set -- $m
    ip -n ${p}h link set dev "t$2" netns "$p$1"
    ip -n "$p$1" addr add "192.168.7.$2/24" dev "t$2"
    ip -n "$p$1" link set dev "t$2" up
done
ip netns exec ${p}a ping -q -c 3 192.168.7.2 >/dev/null
sleep 3

ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat"; }

before=$(ticks)
sleep "$seconds"
after=$(ticks)
awk -v t=$((after - before)) -v s="$seconds" -v hz="$(getconf CLK_TCK)" -v n="$ports" \
    'BEGIN { printf "idle, %d ports: %.2f %% of a core over %d s (bound: 2 %%)\n", n, 100 * t / hz / s, s }'
echo "awake again, TAP: $(ip netns exec ${p}a ping -q -c 10 -i 1 192.168.7.2 | sed -n 's/^rtt/round trip of a ping each second/p')"
kill "$pid" && wait "$pid" || true
pid=

sut=${SUT_CPU:-0} load=${LOAD_CPU:-1} frames=${FRAMES:-1000}
pkg-config --exists libdpdk 2>/dev/null || {
    echo "guests: skipped: apt-get install dpdk dpdk-dev gcc make pkg-config"
    exit 0
}
make -s -C bench/load
IDLE=adaptive bench/compare --sut weft=bench/sut-weft.sh --scenario l2 --gap 20,50 --seconds $((frames * 35 / 1000)) \
    --warmup 2 --rounds 1 --max-rounds 1 --sut-cpu "$sut" --load-cpu "$load" --json "$tmp/json" >/dev/null 2>"$tmp/err" || {
    cat "$tmp/err" >&2
    exit 1
}
python3 - "$tmp/json" <<'END'
import json, sys
run = json.load(open(sys.argv[1]))["runs"]["weft"][0]
l = run["latency_us"]
print("awake again, guest to guest: p50 %.1f us, p99 %.1f us (bound: 100), p99.9 %.1f us, slowest %.1f us, %d frames, %d lost"
      % (l["p50"], l["p99"], l["p999"], l["max"], l["frames"], round(run["lost"] * l["frames"])))
END
echo "of that, the machine: $(bench/load/wake "$sut" "$load" "$frames")"
