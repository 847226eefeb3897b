#!/usr/bin/env bash
# Open vSwitch with DPDK as the switch under test, one poll thread.
#   bench/sut-ovs.sh SCENARIO SOCKET0 SOCKET1 CPU     (bench/README.md has the contract)
# A guest's bridge that learns; the underlay is a second bridge whose own port is the tunnel's end. It has no NVGRE: GRE
# with a 32-bit key, VSID in its upper 24 bits, is the same on the wire.
# EMC=N: one in N misses of its exact cache is inserted (its own default is 100); SMC=true: signature cache.
set -eu
if [ $# -ne 4 ]; then
    echo "usage: $0 SCENARIO SOCKET0 SOCKET1 CPU" >&2
    exit 2
fi
scenario=$1 socket0=$2 socket1=$3 cpu=$4
daemon=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
[ -x $daemon ] || {
    echo "$0: no Open vSwitch with DPDK: apt-get install openvswitch-switch-dpdk" >&2
    exit 3
}
[ "$(id -u)" = 0 ] || {
    echo "$0: needs root" >&2
    exit 3
}
dir=$(mktemp -d -t weft-ovs.XXXXXX)
export OVS_RUNDIR=$dir OVS_LOGDIR=$dir OVS_DBDIR=$dir OVS_SYSCONFDIR=$dir
wire=wb$((cpu % 100))x$(($$ % 100000)) # its bridge's port is the kernel's device too: fifteen characters
pids=()

stop() {
    local pid
    # The switch before its database.
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    ip link del "$wire" 2>/dev/null || true
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

die() {
    echo "$0: $*" >&2
    tail -n 5 "$dir"/*.log >&2
    exit 1
}

await() { # COMMAND...: at most ten seconds
    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    die "not in time: $*"
}

set_up() { timeout 30 ovs-vsctl --db="unix:$dir/db.sock" "$@" || die "ovs-vsctl $*"; }

ovsdb-tool create "$dir/db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server --remote="punix:$dir/db.sock" --unixctl="$dir/db.ctl" --log-file="$dir/db.log" "$dir/db" \
    </dev/null >/dev/null 2>&1 &
pids=($!)
await test -S "$dir/db.sock"
set_up --no-wait init
cores=$(printf '0x%x' $((1 << cpu)))
set_up --no-wait set Open_vSwitch . other_config:dpdk-init=true other_config:dpdk-extra="--no-pci --in-memory" \
    other_config:dpdk-socket-mem=512 other_config:dpdk-lcore-mask="$cores" other_config:pmd-cpu-mask="$cores" \
    other_config:emc-insert-inv-prob="${EMC:-100}" other_config:smc-enable="${SMC:-false}"
$daemon --unixctl="$dir/ctl" --log-file="$dir/switch.log" "unix:$dir/db.sock" </dev/null >/dev/null 2>&1 &
pids=($! "${pids[@]}")

bridge() { set_up add-br "$1" -- set Bridge "$1" datapath_type=netdev "${@:2}"; }

guest() { # BRIDGE PORT SOCKET
    set_up add-port "$1" "$2" -- set Interface "$2" type=dpdkvhostuserclient mtu_request=1600 \
        options:vhost-server-path="$3"
}

tunnel() { # TYPE KEY-OPTIONS...
    bridge "$wire" other_config:hwaddr=02:00:00:00:aa:01
    guest "$wire" underlay "$socket1"
    ip addr add 10.77.0.1/24 dev "$wire"
    ip link set "$wire" mtu 1600 up
    bridge overlay
    guest overlay guest0 "$socket0"
    set_up add-port overlay tunnel0 -- set Interface tunnel0 type="$1" \
        options:local_ip=10.77.0.1 options:remote_ip=10.77.0.2 "${@:2}"
    await ovs-appctl -t "$dir/ctl" tnl/neigh/set "$wire" 10.77.0.2 02:00:00:00:bb:02
}

case $scenario in
    l2)
        bridge overlay
        guest overlay guest0 "$socket0"
        guest overlay guest1 "$socket1"
        ;;
    encap | decap) tunnel vxlan options:key=5001 ;;
    # Any FlowID comes in with in_key=flow.
    nvgre-encap | nvgre-decap) tunnel gre options:in_key=flow options:out_key=$((5001 << 8)) ;;
    *)
        echo "$0: no scenario $scenario" >&2
        exit 2
        ;;
esac
echo ready
cat >/dev/null
