#!/usr/bin/env bash
# Makes the captures again: in-*.pcap, from real peers in network namespaces (needs root, iproute2, ping, tcpdump, tshark,
# ethtool, Open vSwitch) and from MakeFrames.java (frames made by hand, needs a JDK). See README.md.
#   make.sh record [CASE...]   the inputs, of all cases or these
#   make.sh expect [CASE...]   the expected outputs, by `weft replay`; read the difference before you commit it
#
# Host 1 is whom the switch stands in for: 10.1.0.1, fd00:1::1, MAC 02:00:00:00:aa:01, next hop 02:00:00:00:bb:02. A
# real peer plays it here too, so that the same talk goes both ways: in-a.pcap is what machine a (behind host 1) sent,
# in-underlay.pcap what reached host 1 from machine b behind host 2 (10.2.0.1, fd00:2::1).
set -eu
cd "$(dirname "$(readlink -f "$0")")"
p=weft-$$-0-
tmp=$(mktemp -d -t "weft-$$-0-pcaps.XXXX")

cleanup() {
    local ns
    for ns in h1 h2 r a b; do
        [ -e "/run/netns/$p$ns" ] || continue
        ip netns pids "$p$ns" | xargs -r kill 2>/dev/null || true
        ip netns del "$p$ns" || true
    done
    rm -rf "$tmp"
}
trap cleanup EXIT

on() { # NAMESPACE COMMAND...
    local ns=$p$1
    shift
    ip netns exec "$ns" "$@"
}

link() { # NAMESPACE DEVICE NAMESPACE DEVICE MTU [ip link's addrgenmode]: whole checksums, as on a wire
    local end mode=${6:-eui64}
    ip -n "$p$1" link add name "$2" mtu "$5" type veth peer name "$4" mtu "$5" netns "$p$3"
    for end in "$1 $2" "$3 $4"; do
        set -- $end
        on "$1" ethtool -K "$2" tx off tso off gso off >/dev/null
        ip -n "$p$1" link set dev "$2" addrgenmode "$mode" up
    done
}

machine() { # NAME NUMBER HOST: its device at the host is called as the machine
    ip netns add "$p$1"
    on "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    link "$1" eth0 "$3" "$1" 1500 none # no noise of IPv6's own
    ip -n "$p$1" link set dev eth0 address "02:00:00:00:00:0$2"
    ip -n "$p$1" addr add "192.168.7.$2/24" dev eth0
    ip -n "$p$1" -6 addr add "fd07::$2/64" dev eth0 nodad
}

fabric() { # MTU
    local i
    ip netns add "${p}r"
    on r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    for i in 1 2; do
        ip netns add "${p}h$i"
        link h$i eth0 r to$i "$1"
        ip -n ${p}h$i link set dev lo up
    done
    ip -n ${p}h1 link set dev eth0 address 02:00:00:00:aa:01
    ip -n ${p}r link set dev to1 address 02:00:00:00:bb:02
    for i in 1 2; do
        ip -n ${p}h$i addr add 10.$i.0.1/24 dev eth0
        ip -n ${p}h$i -6 addr add fd00:$i::1/64 dev eth0 nodad
        ip -n ${p}r addr add 10.$i.0.254/24 dev to$i
        ip -n ${p}r -6 addr add fd00:$i::fe/64 dev to$i nodad
        ip -n ${p}h$i route add default via 10.$i.0.254
        ip -n ${p}h$i -6 route add default via fd00:$i::fe
    done
    machine a 1 h1
    machine b 2 h2
}

linux_vxlan() { # v4|v6 [OPTIONS of the vxlan device]
    local i family=$1
    shift
    for i in 1 2; do
        local where="local 10.$i.0.1 remote 10.$((3 - i)).0.1"
        [ "$family" = v4 ] || where="local fd00:$i::1 remote fd00:$((3 - i))::1"
        # shellcheck disable=SC2086  # where is several words
        ip -n ${p}h$i link add name vx0 type vxlan id 5001 dstport 4789 $where "$@"
        ip -n ${p}h$i link add name br0 type bridge mcast_snooping 0
        ip -n ${p}h$i link set dev br0 addrgenmode none
        ip -n ${p}h$i link set dev vx0 addrgenmode none mtu 1500 master br0 up
        ip -n ${p}h$i link set dev "$([ $i = 1 ] && echo a || echo b)" master br0
        ip -n ${p}h$i link set dev br0 up
    done
}

ovs() { # TYPE v4|v6 OPTIONS of host 1's tunnel, OPTIONS of host 2's
    local i d type=$1 family=$2 options=("$3" "$4")
    for i in 1 2; do
        d=$tmp/ovs$i
        mkdir "$d"
        export OVS_RUNDIR=$d OVS_LOGDIR=$d OVS_DBDIR=$d OVS_SYSCONFDIR=$d
        ovsdb-tool create "$d/db" /usr/share/openvswitch/vswitch.ovsschema
        on h$i ovsdb-server --remote="punix:$d/db.sock" --unixctl="$d/db.ctl" --log-file="$d/db.log" "$d/db" 2>/dev/null &
        until [ -S "$d/db.sock" ]; do sleep 0.1; done
        vsctl $i --no-wait init
        on h$i ovs-vswitchd --unixctl="$d/ctl" --log-file="$d/log" "unix:$d/db.sock" 2>/dev/null &
        vsctl $i add-br br-phy -- set bridge br-phy datapath_type=netdev \
            other_config:hwaddr="$(on h$i cat /sys/class/net/eth0/address)" -- add-port br-phy eth0
        vsctl $i add-br br-int -- set bridge br-int datapath_type=netdev
        ip -n ${p}h$i addr flush dev eth0
        ip -n ${p}h$i -6 route flush dev eth0
        ip -n ${p}h$i link set dev br-int addrgenmode none
        ip -n ${p}h$i link set dev br-phy mtu 1600 up
        ip -n ${p}h$i addr add 10.$i.0.1/24 dev br-phy
        ip -n ${p}h$i -6 addr add fd00:$i::1/64 dev br-phy nodad
        ip -n ${p}h$i route add default via 10.$i.0.254
        ip -n ${p}h$i -6 route add default via fd00:$i::fe
        local ends="options:local_ip=10.$i.0.1 options:remote_ip=10.$((3 - i)).0.1"
        [ "$family" = v4 ] || ends="options:local_ip=\"fd00:$i::1\" options:remote_ip=\"fd00:$((3 - i))::1\""
        # shellcheck disable=SC2086  # several words each
        vsctl $i add-port br-int tun0 -- set interface tun0 type="$type" $ends ${options[i - 1]} \
            -- add-port br-int "$([ $i = 1 ] && echo a || echo b)"
    done
}

vsctl() { # HOST COMMAND...
    local d=$tmp/ovs$1
    shift
    ovs-vsctl --db="unix:$d/db.sock" -t 20 "$@"
}

tags() { # Open vSwitch puts both machines into VLAN 10; on host 1 the tagged frames pass a0 - a1 on their way
    ip -n ${p}h1 link add name a0 type veth peer name a1
    on h1 ethtool -K a0 tx off >/dev/null
    on h1 ethtool -K a1 tx off >/dev/null
    on h1 sysctl -qw net.ipv6.conf.a1.disable_ipv6=1
    ip -n ${p}h1 link set dev a0 addrgenmode none up
    ip -n ${p}h1 link set dev a1 addrgenmode none up
    vsctl 1 del-port br-int a -- add-br br-a -- set bridge br-a datapath_type=netdev -- add-port br-a a tag=10 \
        -- add-port br-a a0 -- add-port br-int a1
    ip -n ${p}h1 link set dev br-a addrgenmode none up
    vsctl 2 set port b tag=10
}

captured=a
capture() { # CASE: begins to record the case's two inputs
    ip netns exec ${p}r tcpdump -Z root -q -U --immediate-mode -i to1 -Q out -w "$tmp/underlay" 2>"$tmp/underlay.err" &
    captures=($!)
    ip netns exec ${p}h1 tcpdump -Z root -q -U --immediate-mode -i "$captured" -Q in -w "$tmp/a" 2>"$tmp/a.err" &
    captures+=($!)
    until grep -q listening "$tmp/underlay.err" && grep -q listening "$tmp/a.err"; do sleep 0.1; done
}

keep() { # CASE FILTER of the underlay: ends the recording; MLD and what hosts say to each other is left out
    sleep 0.3
    kill "${captures[@]}"
    wait "${captures[@]}" 2>/dev/null || true
    tshark -n -r "$tmp/underlay" -Y "($2) && !(icmpv6.type == 143) && !(ipv6.src == ::) && !(icmp.type == 3) && !(icmpv6.type in {1, 2, 4})" -F pcap -w "$1/in-underlay.pcap" 2>/dev/null
    tshark -n -r "$tmp/a" -Y '!(icmpv6.type == 143) && !(ipv6.src == ::)' -F pcap -w "$1/in-a.pcap" 2>/dev/null
    echo "$1: $(tshark -n -r "$1/in-a.pcap" 2>/dev/null | wc -l) frames of a, $(tshark -n -r "$1/in-underlay.pcap" 2>/dev/null | wc -l) of the underlay"
}

talk() { # ARP, IPv4, a full frame, ND, IPv6; b speaks as well
    on a ping -n -q -c 2 -i 0.1 -W 2 192.168.7.2 >/dev/null || true
    on a ping -n -q -c 1 -s 1472 -M do -W 2 192.168.7.2 >/dev/null || true
    on a ping -n -q -c 2 -i 0.1 -W 2 fd07::2 >/dev/null || true
    on b ping -n -q -c 2 -i 0.1 -W 2 192.168.7.1 >/dev/null || true
}

greet() { # lets bridges and tunnels come up before the recording
    local i
    for i in 1 2 3 4 5 6 7 8 9 10; do on h1 ping -n -q -c 1 -W 1 fd00:2::1 >/dev/null && break; done
    for i in 1 2 3 4 5 6 7 8 9 10; do on a ping -n -q -c 1 -W 1 192.168.7.2 >/dev/null && break; done
    ip -n ${p}a neigh flush all && ip -n ${p}b neigh flush all
}

record() { # CASE
    local c=$1
    mkdir -p "$c"
    case $c in
        made-*) "${JAVA_HOME:+$JAVA_HOME/bin/}java" MakeFrames.java "$c" && return ;;
        outer-fragments) fabric 1500 ;;
        *) fabric 1600 ;;
    esac
    local only='udp || gre'
    case $c in
        vxlan-linux-v4) linux_vxlan v4 ;;
        vxlan-linux-v4-no-checksum) linux_vxlan v4 noudpcsum ;;
        vxlan-linux-v6) linux_vxlan v6 ;;
        vxlan-linux-v6-zero-*) linux_vxlan v6 udp6zerocsumtx udp6zerocsumrx ;;
        inner-fragments) linux_vxlan v4 ;;
        outer-fragments) linux_vxlan v4 df unset && only='ip.dst == 10.1.0.1' ;;
        vxlan-ovs-access | vxlan-ovs-inner-tags) ovs vxlan v4 options:key=5001 options:key=5001 && tags ;;
        vxlan-ovs-v4) ovs vxlan v4 options:key=5001 options:key=5001 ;;
        nvgre-ovs-v4) ovs gre v4 options:key=$((5001 * 256)) options:key=$((5001 * 256)) ;;
        nvgre-ovs-flow-id) ovs gre v4 "options:in_key=flow options:out_key=$((5001 * 256))" "options:in_key=flow options:out_key=$((5001 * 256 + 0x5a))" ;;
        nvgre-ovs-v6) ovs ip6gre v6 options:key=$((5001 * 256)) options:key=$((5001 * 256)) ;;
        geneve-ovs-v4) ovs geneve v4 options:key=5001 options:key=5001 ;;
        geneve-ovs-v6) ovs geneve v6 options:key=5001 options:key=5001 ;;
        *) echo "no case $c" >&2 && exit 2 ;;
    esac
    greet
    case $c in
        vxlan-ovs-access | vxlan-ovs-inner-tags)
            captured=a1
            capture
            on a ping -n -q -c 2 -i 0.1 -W 2 192.168.7.2 >/dev/null || true
            for i in 1 2; do vsctl $i clear port "$([ $i = 1 ] && echo a || echo b)" tag; done
            on a ping -n -q -c 2 -i 0.1 -W 2 192.168.7.2 >/dev/null || true
            ;;
        inner-fragments)
            capture
            on a ping -n -q -c 2 -i 0.1 -s 3000 -W 2 192.168.7.2 >/dev/null || true
            on a ping -n -q -c 1 -s 3000 -W 2 fd07::2 >/dev/null || true
            ;;
        outer-fragments)
            capture
            on a ping -n -q -c 2 -i 0.1 -s 1472 -W 2 192.168.7.2 >/dev/null || true
            on a ping -n -q -c 1 -s 56 -W 2 192.168.7.2 >/dev/null || true
            ;;
        *)
            capture
            talk
            ;;
    esac
    keep "$c" "$only"
    cleanup
    mkdir "$tmp"
}

expect() { # CASE
    local c=$1 file port inputs=()
    for file in "$c"/in-*.pcap; do
        port=${file##*/in-}
        inputs+=(--in "${port%.pcap}=$file")
    done
    "${WEFT:-../weft}" replay -c "$c/weft.yaml" "${inputs[@]}" --out "$tmp/out" >"$tmp/counts"
    rm -f "$c"/expect-*
    for file in "$tmp"/out/*.pcap; do
        [ -f "$file" ] && cp "$file" "$c/expect-${file##*/}"
    done
    cp "$tmp/out/counts.json" "$c/expect-counts.json"
    rm -rf "$tmp/out"
    echo "$c: $(ls "$c"/expect-* | xargs -n1 basename | tr '\n' ' ')"
}

verb=${1:-}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(sed -n 's/^### \([a-z0-9-]*\)$/\1/p' README.md)
case $verb in
    record) for c in "$@"; do (record "$c") || exit 1; done ;;
    expect) for c in "$@"; do expect "$c"; done ;;
    *) sed -n '2,5s/^# //p' "$0" && exit 2 ;;
esac
