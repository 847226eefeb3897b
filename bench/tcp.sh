#!/usr/bin/env bash
# TCP between two machines on two hosts in different subnets, over VXLAN: through two Weft switches (TAP ports, kernel
# underlay), beside Linux's bridge and vxlan device, beside Open vSwitch's userspace datapath (its TAP). All stand at the
# same time and are measured in turn, round by round, for a shared machine changes its speed: only a ratio within one
# run counts.
#   bench/tcp.sh [ROUNDS [SECONDS]]      default: 5 rounds of 5 seconds; needs root, iperf3, iproute2, openvswitch-switch
#   SWITCHES="weft linux ovs"  PIN="0 1": CPUs that Weft's two workers are pinned to  WEFT=./weft: another launcher
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
rounds=${1:-5} seconds=${2:-5}
switches=${SWITCHES:-weft linux ovs} weft=${WEFT:-./weft}
read -r cpu1 cpu2 <<<"${PIN:-}" || true
p=weft-$$-0-
tmp=$(mktemp -d -t "weft-$$-0-tcp.XXXX")

names() { ip netns list | sed -n "s/^\($p[^ ]*\).*/\1/p"; }

cleanup() {
    local ns
    for ns in $(names); do ip netns pids "$ns" | xargs -r kill 2>/dev/null || true; done
    sleep 0.5
    for ns in $(names); do
        ip netns pids "$ns" | xargs -r kill -9 2>/dev/null || true
        ip netns del "$ns"
    done
    rm -rf "$tmp"
}
trap cleanup EXIT

on() { # NAMESPACE COMMAND...
    local ns=$p$1
    shift
    ip netns exec "$ns" "$@"
}

fabric() { # SWITCH: hosts SWITCH1 and SWITCH2, machines SWITCHa and SWITCHb, a router between the hosts
    local i ns
    for ns in r 1 2 a b; do
        ip netns add "$p$1$ns"
        ip -n "$p$1$ns" link set dev lo up
    done
    on "$1r" sysctl -qw net.ipv4.ip_forward=1
    for i in 1 2; do
        ip -n "$p$1$i" link add name eth0 mtu 1600 type veth peer name "to$i" mtu 1600 netns "$p${1}r"
        ip -n "$p$1$i" addr add "10.$i.0.1/24" dev eth0
        ip -n "$p${1}r" addr add "10.$i.0.254/24" dev "to$i"
        ip -n "$p$1$i" link set dev eth0 up
        ip -n "$p${1}r" link set dev "to$i" up
        ip -n "$p$1$i" route add default via "10.$i.0.254"
    done
}

plug() { # HOST DEVICE MACHINE ADDRESS
    until ip -n "$p$1" link show dev "$2" >/dev/null 2>&1; do sleep 0.1; done
    ip -n "$p$1" link set dev "$2" netns "$p$3"
    ip -n "$p$3" addr add "$4/24" dev "$2"
    ip -n "$p$3" link set dev "$2" up
}

weft_up() {
    local i
    fabric weft
    for i in 1 2; do
        cat >"$tmp/weft$i.yaml" <<END
name: weft$i
${PIN:+workers: [$([ $i = 1 ] && echo "$cpu1" || echo "$cpu2")]}
state: $tmp/state$i
api: {unix: $tmp/api$i.sock}
underlay: {address: [10.$i.0.1]}
tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan, peers: [10.$((3 - i)).0.1]}}}}
ports: {p: {network: acme/web, tap: t0}}
END
        on weft$i $weft run -c "$tmp/weft$i.yaml" >"$tmp/weft$i.out" 2>"$tmp/weft$i.err" &
        until grep -q ready "$tmp/weft$i.out"; do
            kill -0 $! 2>/dev/null || { cat "$tmp/weft$i.err" >&2 && exit 1; }
            sleep 0.2
        done
    done
    plug weft1 t0 wefta 192.168.7.1
    plug weft2 t0 weftb 192.168.7.2
}

linux_up() {
    local i machine
    fabric linux
    for i in 1 2; do
        machine=$([ $i = 1 ] && echo a || echo b)
        ip -n ${p}linux$i link add name vx0 type vxlan id 5001 dstport 4789 local 10.$i.0.1 remote 10.$((3 - i)).0.1
        ip -n ${p}linux$i link add name br0 type bridge
        ip -n ${p}linux$i link add name m0 type veth peer name t0
        ip -n ${p}linux$i link set dev vx0 mtu 1500 master br0 up
        ip -n ${p}linux$i link set dev m0 master br0 up
        ip -n ${p}linux$i link set dev br0 up
        plug linux$i t0 linux$machine 192.168.7.$i
    done
}

ovs_up() {
    local i d
    fabric ovs
    for i in 1 2; do
        d=$tmp/ovs$i
        mkdir "$d"
        export OVS_RUNDIR=$d OVS_LOGDIR=$d OVS_DBDIR=$d OVS_SYSCONFDIR=$d
        ovsdb-tool create "$d/db" /usr/share/openvswitch/vswitch.ovsschema
        on ovs$i ovsdb-server --remote="punix:$d/db.sock" --unixctl="$d/db.ctl" --log-file="$d/db.log" "$d/db" 2>/dev/null &
        until [ -S "$d/db.sock" ]; do sleep 0.1; done
        ovs-vsctl --db="unix:$d/db.sock" -t 20 --no-wait init
        on ovs$i ovs-vswitchd --unixctl="$d/ctl" --log-file="$d/log" "unix:$d/db.sock" 2>/dev/null &
        # What the kernel leaves undone on a veth, a userspace switch would have to do.
        on ovs$i ethtool -K eth0 tx off >/dev/null
        on ovsr ethtool -K to$i tx off >/dev/null
        ovs-vsctl --db="unix:$d/db.sock" -t 20 \
            -- add-br br-phy -- set bridge br-phy datapath_type=netdev \
            other_config:hwaddr="$(on ovs$i cat /sys/class/net/eth0/address)" -- add-port br-phy eth0 \
            -- add-br br-int -- set bridge br-int datapath_type=netdev \
            -- add-port br-int tun0 -- set interface tun0 type=vxlan options:local_ip=10.$i.0.1 \
            options:remote_ip=10.$((3 - i)).0.1 options:key=5001
        ip -n ${p}ovs$i addr flush dev eth0
        ip -n ${p}ovs$i link set dev br-phy mtu 1600 up
        ip -n ${p}ovs$i addr add 10.$i.0.1/24 dev br-phy
        ip -n ${p}ovs$i route add default via 10.$i.0.254
        # br-int itself is Open vSwitch's TAP: the machine is the host.
        ip -n ${p}ovs$i addr add 192.168.7.$i/24 dev br-int
        ip -n ${p}ovs$i link set dev br-int mtu 1500 up
    done
}

ends() { [ "$1" = ovs ] && echo "ovs1 ovs2" || echo "${1}a ${1}b"; }

measure() { # SWITCH: Mbit/s that the server received
    local a b
    read -r a b < <(ends "$1")
    ip netns exec "$p$b" iperf3 -s -1 -p 5201 >"$tmp/server" 2>&1 &
    local server=$!
    until on "$b" ss -Hltn 'sport = :5201' | grep -q .; do sleep 0.1; done
    on "$a" iperf3 -c 192.168.7.2 -p 5201 -t "$seconds" -O 1 -J >"$tmp/json" || { cat "$tmp/json" >&2 && exit 1; }
    wait $server
    awk '/"sum_received"/ { in_sum = 1 } in_sum && /"bits_per_second"/ { gsub(/[^0-9.e+]/, "", $2); printf "%.0f\n", $2 / 1e6; exit }' "$tmp/json"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

if ! command -v ovs-vswitchd >/dev/null; then
    switches=${switches/ovs/}
fi
for s in $switches; do
    "${s}_up"
    read -r a b < <(ends "$s")
    for _ in 1 2 3 4 5 6 7 8 9 10; do on "$a" ping -q -c 1 -W 1 192.168.7.2 >/dev/null && break; done
    : >"$tmp/rates.$s"
done
for round in $(seq "$rounds"); do
    line="round $round:"
    for s in $switches; do
        rate=$(measure "$s")
        echo "$rate" >>"$tmp/rates.$s"
        line="$line  $s $rate"
    done
    echo "$line  Mbit/s"
done
echo
printf '%-42s %14s %18s\n' switch 'median Mbit/s' 'Weft beside it'
mine=0
[ ! -f "$tmp/rates.weft" ] || mine=$(median <"$tmp/rates.weft")
for s in $switches; do
    case $s in
        weft) label='Weft (TAP, VXLAN, kernel underlay)' ;;
        linux) label='Linux bridge + vxlan (veth)' ;;
        ovs) label='Open vSwitch, userspace datapath (TAP)' ;;
    esac
    theirs=$(median <"$tmp/rates.$s")
    printf '%-42s %14s %17sx\n' "$label" "$theirs" "$(awk "BEGIN { printf \"%.2f\", $mine / $theirs }")"
done
