#!/usr/bin/env bash
# Frames between two guests through Weft, beside Open vSwitch with DPDK: the README's figures, again, on any machine with
# two free CPUs. The load is Debian's dpdk-testpmd as two virtio-user guests that both send (flowgen) and count what
# arrives; each switch has one CPU that polls. The switches are measured in turn, A B A B, since a shared machine changes
# its speed: only the ratio within one run counts.
#   bench/throughput.sh [ROUNDS [SECONDS]]      default: 3 rounds of 5 seconds
# Needs root and: apt-get install dpdk openvswitch-switch-dpdk. Makes 1,024 huge pages of 2 MiB where there are fewer, and
# gives them back. SUT_CPU, GEN_CPU: CPU of the switch and of the load (default 1 and 0); SIZES, FLOWS: what to measure.
#
# A size counts the frame check sequence, so 64 is 60 bytes in memory. flowgen sends one size at a time: imix (7 frames
# of 64, 4 of 594, 1 of 1518) is computed from the time that its three sizes take, which is kind to both switches alike.
set -eu
root=$(dirname "$(readlink -f "$0")")/..
rounds=${1:-3} seconds=${2:-5}
sut_cpu=${SUT_CPU:-1} gen_cpu=${GEN_CPU:-0}
sizes=${SIZES:-64 512 594 1518} flows=${FLOWS:-1 10000}
mac0=02:00:00:00:00:0a mac1=02:00:00:00:00:0b
warmup=2

for tool in dpdk-testpmd ovs-vsctl ovsdb-server; do
    command -v $tool >/dev/null || {
        echo "$0: no $tool: apt-get install dpdk openvswitch-switch-dpdk" >&2
        exit 1
    }
done
vswitchd=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
[ -x $vswitchd ] && [ "$(id -u)" = 0 ] || {
    echo "$0: needs root and Debian's openvswitch-switch-dpdk" >&2
    exit 1
}

tmp=$(mktemp -d -t weft-throughput.XXXXXX)
pages=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
pages_before=$(cat $pages)
mounted=
cleanup() {
    sut_down
    [ -z "$mounted" ] || umount "$tmp/huge" 2>/dev/null || true
    [ "$(cat $pages)" = "$pages_before" ] || echo "$pages_before" >$pages
    rm -rf "$tmp"
}

# The switch under test: it runs until its standard input, descriptor 4, closes.
sut_pid=
sut_down() {
    [ -n "$sut_pid" ] || return 0
    exec 4>&-
    local i
    for i in $(seq 100); do
        kill -0 "$sut_pid" 2>/dev/null || break
        [ "$i" != 100 ] || kill "$sut_pid" 2>/dev/null || true
        sleep 0.1
    done
    wait "$sut_pid" 2>/dev/null || true
    sut_pid=
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

sut_up() { # NAME
    rm -f "$tmp/in" "$tmp/out" "$tmp"/guest?.sock
    mkfifo "$tmp/in" "$tmp/out"
    "sut_$1" <"$tmp/in" >"$tmp/out" 2>"$tmp/$1.log" &
    sut_pid=$!
    exec 4>"$tmp/in" 5<"$tmp/out"
    local line=
    until [ "$line" = ready ]; do
        read -r -t 60 line <&5 || {
            echo "$0: $1 did not start:" >&2
            tail -n 5 "$tmp/$1.log" >&2
            exit 1
        }
    done
}

sut_weft() {
    exec "$root/bench/sut-weft.sh" l2 "$tmp/guest0.sock" "$tmp/guest1.sock" "$sut_cpu"
}

sut_ovs() {
    local mask port
    mask=$(printf '0x%x' $((1 << sut_cpu)))
    export OVS_RUNDIR=$tmp/ovs OVS_LOGDIR=$tmp/ovs OVS_DBDIR=$tmp/ovs OVS_SYSCONFDIR=$tmp/ovs
    mkdir "$tmp/ovs"
    ovsdb-tool create "$tmp/ovs/conf.db" /usr/share/openvswitch/vswitch.ovsschema
    ovsdb-server --remote="punix:$tmp/ovs/db.sock" "$tmp/ovs/conf.db" </dev/null >/dev/null &
    local database=$!
    vsctl() { timeout 30 ovs-vsctl --db="unix:$tmp/ovs/db.sock" "$@"; }
    until vsctl --no-wait init 2>/dev/null; do sleep 0.1; done
    vsctl --no-wait set Open_vSwitch . other_config:dpdk-init=true other_config:dpdk-socket-mem=512 \
        other_config:pmd-cpu-mask="$mask" other_config:dpdk-lcore-mask="$mask" \
        other_config:dpdk-extra="--no-pci --in-memory"
    $vswitchd "unix:$tmp/ovs/db.sock" --unixctl="$tmp/ovs/ctl" </dev/null >/dev/null &
    local switch=$!
    vsctl add-br bench -- set bridge bench datapath_type=netdev
    for port in 0 1; do
        vsctl add-port bench "g$port" -- set interface "g$port" type=dpdkvhostuserclient \
            "options:vhost-server-path=$tmp/guest$port.sock"
    done
    echo ready
    cat >/dev/null
    kill $switch $database
    wait
    rm -rf "$tmp/ovs"
}

# Prints frames a second that arrived, both directions together.
load() { # SIZE FLOWS
    local i
    : >"$tmp/load.log"
    {
        # Its prompt comes when both guests are connected.
        for i in $(seq 300); do
            ! grep -q 'testpmd>' "$tmp/load.log" || break
            sleep 0.1
        done
        echo start
        sleep $warmup
        echo show port stats all
        sleep "$seconds"
        echo show port stats all
        sleep 0.2
        echo quit
    } | timeout $((warmup + seconds + 60)) dpdk-testpmd --lcores="0@$gen_cpu,1@$gen_cpu" --no-pci --in-memory \
        --single-file-segments -m 256 --file-prefix="weft$$" --log-level=lib.eal:4 \
        --vdev="net_virtio_user0,path=$tmp/guest0.sock,server=1,queue_size=1024,mac=$mac0" \
        --vdev="net_virtio_user1,path=$tmp/guest1.sock,server=1,queue_size=1024,mac=$mac1" \
        -- -i --forward-mode=flowgen --flowgen-flows="$2" --txpkts=$(($1 - 4)) --eth-peer="0,$mac1" --eth-peer="1,$mac0" \
        --nb-cores=1 --total-num-mbufs=16384 --rxd=1024 --txd=1024 >"$tmp/load.log" 2>&1 || {
        echo "$0: the load failed:" >&2
        tail -n 5 "$tmp/load.log" >&2
        return 1
    }
    # The last figure of each of the two ports: since the look after warming up.
    awk '$1 == "Rx-pps:" {n++; rate[n] = $2} END {if (n < 4) exit 1; print rate[n - 1] + rate[n]}' "$tmp/load.log"
}

if [ "$pages_before" -lt 1024 ]; then
    echo 1024 >$pages
fi
if ! mountpoint -q /dev/hugepages; then
    mkdir "$tmp/huge"
    mount -t hugetlbfs none "$tmp/huge"
    mounted=yes
fi
"$root/weft" version >&2

: >"$tmp/results"
for round in $(seq "$rounds"); do
    for flow in $flows; do
        for size in $sizes; do
            for sut in weft ovs; do
                sut_up $sut
                rate=$(load "$size" "$flow") || exit 1
                sut_down
                echo "$sut $size $flow $rate" >>"$tmp/results"
                echo "round $round: $sut, $size bytes, $flow flows: $rate frames/s" >&2
            done
        done
    done
done

# Medians, and imix from the times of its sizes.
awk -v sizes="$sizes" -v flows="$flows" '
function median(key, n, i, j, t, v) {
    n = count[key]
    for (i = 1; i <= n; i++) v[i] = rate[key, i]
    for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j - 1]; j--) {t = v[j]; v[j] = v[j - 1]; v[j - 1] = t}
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
function line(size, flow, weft, ovs) {
    printf "%6s %8s %14.2f %18.2f %8s\n", size, flow, weft / 1e6, ovs / 1e6, (ovs > 0 ? sprintf("%.2fx", weft / ovs) : "-")
}
function imix(sut, flow, a, b, c) {
    a = median(sut " 64 " flow); b = median(sut " 594 " flow); c = median(sut " 1518 " flow)
    return a > 0 && b > 0 && c > 0 ? 12 / (7 / a + 4 / b + 1 / c) : 0
}
{key = $1 " " $2 " " $3; rate[key, ++count[key]] = $4}
END {
    printf "%6s %8s %14s %18s %8s\n", "bytes", "flows", "Weft Mpps", "Open vSwitch Mpps", "ratio"
    m = split(sizes, size, " "); k = split(flows, flow, " ")
    for (f = 1; f <= k; f++) {
        for (s = 1; s <= m; s++)
            if (size[s] != 594) line(size[s], flow[f], median("weft " size[s] " " flow[f]), median("ovs " size[s] " " flow[f]))
        if (imix("weft", flow[f]) > 0) line("imix", flow[f], imix("weft", flow[f]), imix("ovs", flow[f]))
    }
}' "$tmp/results"
