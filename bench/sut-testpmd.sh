#!/usr/bin/env bash
# DPDK's testpmd in io mode as the switch under test: each frame of one port goes out of the other, unread. What a copying
# vhost-user data path can do on one core at most, about. Scenario l2 only.
#   bench/sut-testpmd.sh l2 SOCKET0 SOCKET1 CPU       (bench/README.md has the contract)
set -eu
if [ $# -ne 4 ]; then
    echo "usage: $0 l2 SOCKET0 SOCKET1 CPU" >&2
    exit 2
fi
[ "$1" = l2 ] || {
    echo "$0: testpmd reads no frame, so it has no scenario $1" >&2
    exit 3
}
command -v dpdk-testpmd >/dev/null || {
    echo "$0: no dpdk-testpmd: apt-get install dpdk" >&2
    exit 3
}
rings="queues=1,client=1"
exec 3>&1
# An empty line ends it. Without -i: its prompt would take turns with the CPU that forwards.
{
    echo ready >&3
    cat >/dev/null
    echo
} | dpdk-testpmd --lcores="0@$4,1@$4" --no-pci --in-memory --file-prefix="sut$$" -m 256 --log-level=lib.eal:4 \
    --vdev="net_vhost0,iface=$2,$rings" --vdev="net_vhost1,iface=$3,$rings" -- \
    --forward-mode=io --nb-cores=1 --rxd=1024 --txd=1024 --disable-link-check >&2 3>&-
