#!/usr/bin/env bash
# TCP (iperf3) between two QEMU guests, on one host and on two hosts over VXLAN: through Weft with its defaults, and
# through Open vSwitch with DPDK with its defaults (one poll thread a host, no userspace TSO). The switches are measured
# in turn, round by round, for a poll thread takes a whole CPU even when idle; only a ratio within one run counts.
#   bench/guests.sh [ROUNDS [SECONDS]]     default: 3 rounds of 5 seconds; needs root and ./verify's packages, and for
#                                          the comparison openvswitch-switch-dpdk and 1024 huge pages (asked for here)
#   SWITCHES="weft ovs"  SCENARIOS="host vxlan"  QUEUES=1  PACKED=off  UNDERLAY=af_packet|kernel (Open vSwitch's)
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
rounds=${1:-3} seconds=${2:-5}
switches=${SWITCHES:-weft ovs} scenarios=${SCENARIOS:-host vxlan} queues=${QUEUES:-1} packed=${PACKED:-off}
p=weft-$$-0-
tmp=$(mktemp -d -t "weft-$$-0-guests.XXXX")
image=target/guest
vswitchd=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
pages=/proc/sys/vm/nr_hugepages
pages_before=$(cat $pages)

stop_all() {
    local ns names
    names=$(ip netns list | sed -n "s/^\($p[^ ]*\).*/\1/p")
    for ns in $names; do ip netns pids "$ns" | xargs -r kill 2>/dev/null || true; done
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -n "$(for ns in $names; do ip netns pids "$ns"; done)" ] || break
        sleep 0.2
    done
    for ns in $names; do
        ip netns pids "$ns" | xargs -r kill -9 2>/dev/null || true
        ip netns del "$ns"
    done
    rm -rf "${tmp:?}"/run
}

cleanup() {
    stop_all
    rm -rf "$tmp"
    [ "$(cat $pages)" = "$pages_before" ] || echo "$pages_before" >$pages
}
trap cleanup EXIT

fail() {
    echo "guests.sh: $*" >&2
    exit 1
}

await() { # SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt "$end" ] || fail "not in time: $what"
        sleep 0.1
    done
}

on() { # NAMESPACE COMMAND...
    local ns=$p$1
    shift
    ip netns exec "$ns" "$@"
}

fabric() { # hosts 1 and 2 in a subnet each, a router between; 1,500 bytes, for DPDK's AF_PACKET takes no more
    local i ns
    mkdir "$tmp/run"
    for ns in r 1 2; do
        ip netns add "$p$ns"
        ip -n "$p$ns" link set dev lo up
    done
    on r sysctl -qw net.ipv4.ip_forward=1
    for i in 1 2; do
        ip -n "$p$i" link add name eth0 type veth peer name "to$i" netns "${p}r"
        ip -n "$p$i" addr add "10.$i.0.1/24" dev eth0
        ip -n "${p}r" addr add "10.$i.0.254/24" dev "to$i"
        ip -n "$p$i" link set dev eth0 up
        ip -n "${p}r" link set dev "to$i" up
        ip -n "$p$i" route add default via "10.$i.0.254"
    done
}

weft() { # HOST GUEST...: a switch with these guests' ports
    local host=$1 guest
    shift
    {
        echo "name: weft$host"
        echo "state: $tmp/run/state$host"
        echo "api: {unix: $tmp/run/api$host.sock}"
        echo "underlay: {address: [10.$host.0.1]}"
        echo "tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan, peers: [10.$((3 - host)).0.1]}}}}"
        echo "ports:"
        for guest; do
            echo "  $guest: {network: acme/web, vhost-user: $tmp/run/$guest.sock, mode: client, queues: $queues}"
        done
    } >"$tmp/run/weft$host.yaml"
    on "$host" ./weft run -c "$tmp/run/weft$host.yaml" >"$tmp/run/weft$host.out" 2>"$tmp/run/weft$host.err" &
    await 60 "weft's ready: $(tail -n 3 "$tmp/run/weft$host.err")" grep -q ready "$tmp/run/weft$host.out"
}

ovs() { # HOST GUEST...: a switch with these guests' ports; one guest alone has its peer behind VXLAN
    local host=$1 d=$tmp/run/ovs$1 cpu=$(($1 % $(nproc))) guest
    shift
    mkdir "$d"
    export OVS_RUNDIR=$d OVS_LOGDIR=$d OVS_DBDIR=$d OVS_SYSCONFDIR=$d
    local vsctl="ovs-vsctl --db=unix:$d/db.sock -t 20"
    ovsdb-tool create "$d/db" /usr/share/openvswitch/vswitch.ovsschema
    on "$host" ovsdb-server --remote="punix:$d/db.sock" --unixctl="$d/db.ctl" --log-file="$d/db.log" "$d/db" 2>/dev/null &
    await 10 "ovsdb-server" test -S "$d/db.sock"
    $vsctl --no-wait init
    $vsctl --no-wait set Open_vSwitch . other_config:dpdk-init=true other_config:dpdk-socket-mem=512 \
        other_config:dpdk-extra="--no-pci --in-memory --file-prefix=$p$host" \
        other_config:pmd-cpu-mask="$(printf '0x%x' $((1 << cpu)))"
    on "$host" $vswitchd --unixctl="$d/ctl" --log-file="$d/log" "unix:$d/db.sock" 2>/dev/null &
    $vsctl add-br br-int -- set bridge br-int datapath_type=netdev || fail "$(tail -n 5 "$d/log")"
    for guest; do
        $vsctl add-port br-int "$guest" -- set interface "$guest" type=dpdkvhostuserclient \
            options:vhost-server-path="$tmp/run/$guest.sock"
    done
    [ $# = 1 ] || return 0
    # What the kernel leaves undone on a veth, a userspace switch would have to do.
    on "$host" ethtool -K eth0 tx off >/dev/null
    on r ethtool -K "to$host" tx off >/dev/null
    local port='eth0'
    [ "${UNDERLAY:-af_packet}" != af_packet ] || port="eth0 -- set interface eth0 type=dpdk
        options:dpdk-devargs=net_af_packet$host,iface=eth0,blocksz=16384,framesz=2048"
    # shellcheck disable=SC2086
    $vsctl add-br br-phy -- set bridge br-phy datapath_type=netdev \
        other_config:hwaddr="$(on "$host" cat /sys/class/net/eth0/address)" -- add-port br-phy $port || fail "$(tail -n 5 "$d/log")"
    ip -n "$p$host" addr flush dev eth0
    ip -n "$p$host" link set dev br-phy up
    ip -n "$p$host" addr add "10.$host.0.1/24" dev br-phy
    ip -n "$p$host" route add default via "10.$host.0.254"
    $vsctl add-port br-int tun0 -- set interface tun0 type=vxlan options:local_ip="10.$host.0.1" \
        options:remote_ip="10.$((3 - host)).0.1" options:key=5001
}

boot() { # GUEST HOST NUMBER: starts it and waits until it has booted
    local pipe=$tmp/run/$1.serial mq=''
    [ "$queues" = 1 ] || mq=,mq=on
    mkfifo "$pipe.in" "$pipe.out"
    eval "exec {from_$1}<>$pipe.out"
    # vectors=0: QEMU 7.2 crashes in software emulation when vhost starts with MSI-X.
    on "$2" qemu-system-x86_64 -nodefaults -display none -accel tcg -smp "$queues" -m 192 \
        -object memory-backend-memfd,id=mem,size=192M,share=on -numa node,memdev=mem \
        -kernel $image/vmlinuz -initrd $image/initrd \
        -append "console=ttyS0 quiet panic=-1 mitigations=off tsc=unstable no_timer_check nokaslr weft.name=$1
            weft.net=192.168.7.$3/24 weft.mtu=1450" \
        -chardev "socket,id=chr0,path=$tmp/run/$1.sock,server=on,wait=off" \
        -netdev "vhost-user,id=net0,chardev=chr0,queues=$queues" \
        -device "virtio-net-pci,netdev=net0,mac=02:00:00:00:00:0$3,romfile=,vectors=0,packed=$packed$mq" \
        -serial null -serial "pipe:$pipe" >"$pipe.log" 2>&1 &
    listen "$1" 60 '@ready' >/dev/null || fail "no boot of guest $1: $(cat "$pipe.log")"
}

listen() { # GUEST SECONDS PREFIX: prints what the guest says up to the line that begins so, and ends as that line says
    local line descriptor=from_$1
    while IFS= read -r -t "$2" -u "${!descriptor}" line; do
        case $line in
            "$3"*'@ready'*) return 0 ;;
            "$3 "*) [ "$3" = @ready ] && return 0 || return "${line##* }" ;;
        esac
        echo "$line"
    done
    return 1
}

guest() { # GUEST SECONDS COMMAND: runs it in the guest
    local id=c$RANDOM
    echo "$id $2 $3" >"$tmp/run/$1.serial.in"
    listen "$1" $(($2 + 10)) "@end $id"
}

rate() { # Mbit/s that guest b received of guest a
    # It goes into the background before it listens.
    guest b 10 'iperf3 -s -1 -D; until netstat -ltn | grep -q :5201; do usleep 50000; done' >/dev/null
    guest a $((seconds + 20)) "iperf3 -c 192.168.7.2 -t $seconds -O 1 -f m" >"$tmp/run/iperf" \
        || fail "iperf3: $(cat "$tmp/run/iperf")"
    sed -n 's/.* \([0-9.]*\) Mbits\/sec *receiver.*/\1/p' "$tmp/run/iperf"
}

measure() { # SWITCH SCENARIO: prints Mbit/s
    fabric
    if [ "$2" = host ]; then
        "$1" 1 a b
        boot a 1 1
        boot b 1 2
    else
        "$1" 1 a
        "$1" 2 b
        boot a 1 1
        boot b 2 2
    fi
    for _ in 1 2 3 4 5 6 7 8 9 10; do guest a 5 'ping -c 1 -W 1 192.168.7.2' >/dev/null && break; done
    rate
    stop_all
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

cli/src/test/sh/guest-image.sh $image
case " $switches " in
    *' ovs '*)
        if [ -x $vswitchd ]; then
            [ "$pages_before" -ge 1024 ] || echo 1024 >$pages
            [ "$(cat $pages)" -ge 1024 ] || fail "the machine has no 1024 huge pages to give"
        else
            echo "Open vSwitch with DPDK is not here (package openvswitch-switch-dpdk): Weft alone"
            switches=weft
        fi
        ;;
esac
for round in $(seq "$rounds"); do
    for scenario in $scenarios; do
        line="round $round, $scenario:"
        for s in $switches; do
            measure "$s" "$scenario" >"$tmp/rate"
            cat "$tmp/rate" >>"$tmp/$scenario.$s"
            line="$line  $s $(cat "$tmp/rate")"
        done
        echo "$line  Mbit/s"
    done
done
echo
printf '%-34s %-24s %14s %16s\n' guests switch 'median Mbit/s' 'Weft beside it'
for scenario in $scenarios; do
    case $scenario in
        host) where='on one host' ;;
        *) where='on two hosts, VXLAN' ;;
    esac
    for s in $switches; do
        case $s in
            weft) name=Weft ;;
            *) name='Open vSwitch with DPDK' ;;
        esac
        theirs=$(median <"$tmp/$scenario.$s")
        beside=''
        [ ! -e "$tmp/$scenario.weft" ] || beside=$(awk "BEGIN { printf \"%.2fx\", $(median <"$tmp/$scenario.weft") / $theirs }")
        printf '%-34s %-24s %14s %16s\n' "$where" "$name" "$theirs" "$beside"
    done
done
