#!/usr/bin/env bash
# Weft as the switch under test of a vhost-user load generator that serves both sockets:
#   bench/sut-weft.sh SCENARIO SOCKET0 SOCKET1 CPU
# Connects to both as a client, retrying until they are there; prints `ready` once it polls, on that CPU; ends when its
# standard input closes. IDLE=adaptive: it sleeps where there is nothing to do. Scenarios, with VNI or VSID 5001:
#   l2                          port 0 and port 1 are guests of one network
#   encap, decap                port 0 is a guest, port 1 the underlay: VXLAN from 10.77.0.1 to 10.77.0.2
#   nvgre-encap, nvgre-decap    the same in NVGRE
set -eu
root=$(dirname "$(readlink -f "$0")")/..
if [ $# -ne 4 ]; then
    echo "usage: $0 SCENARIO SOCKET0 SOCKET1 CPU" >&2
    exit 2
fi
scenario=$1 socket0=$2 socket1=$3 cpu=$4
case $scenario in
l2 | encap | decap | nvgre-encap | nvgre-decap) ;;
*)
    echo "$0: no scenario $scenario: l2, encap, decap, nvgre-encap, nvgre-decap" >&2
    exit 2
    ;;
esac

tmp=$(mktemp -d -t weft-bench.XXXXXX)
pid=
cleanup() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

{
    cat <<END
name: bench
workers: [$cpu]
idle: poll
state: $tmp/state
api: {unix: $tmp/api.sock}
END
    case $scenario in
    l2)
        cat <<END
underlay: {address: 127.0.0.1, mtu: 1600}
tenants: {bench: {networks: {net: {vni: 5001, port: $((20000 + $$ % 20000))}}}}
ports:
  p0: {network: bench/net, vhost-user: $socket0, mode: client, mtu: 1500}
  p1: {network: bench/net, vhost-user: $socket1, mode: client, mtu: 1500}
END
        ;;
    *)
        case $scenario in
        nvgre-*) encap="encap: nvgre" ;;
        *) encap="encap: vxlan, port: 4789" ;;
        esac
        cat <<END
underlay:
  address: 10.77.0.1
  prefix: 24
  mac: 02:00:00:00:aa:01
  mtu: 1600
  neighbors: {10.77.0.2: 02:00:00:00:bb:02}
  device: {vhost-user: $socket1, mode: client}
tenants: {bench: {networks: {net: {vni: 5001, $encap, peers: [10.77.0.2]}}}}
ports:
  p0: {network: bench/net, vhost-user: $socket0, mode: client, mtu: 1500}
END
        ;;
    esac
} >"$tmp/weft.yaml"

mkfifo "$tmp/out"
"$root/weft" run -c "$tmp/weft.yaml" >"$tmp/out" </dev/null &
pid=$!
exec 3<"$tmp/out"
line=
until [ "$line" = ready ]; do
    read -r line <&3 || exit 1
done
# Who measures may ask the worker what it spent.
echo "api $tmp/api.sock"
echo ready
# Until standard input closes, or the switch ends by itself.
while kill -0 "$pid" 2>/dev/null; do
    status=0
    read -r -t 1 _ || status=$?
    # Above 128: the second is over; else: closed.
    if [ "$status" -ne 0 ] && [ "$status" -le 128 ]; then
        exit 0
    fi
done
wait "$pid"
