#!/usr/bin/env bash
# The table of Weft beside Open vSwitch with DPDK (and testpmd): measures row after row with bench/compare and prints what
# was measured, in Markdown, each row beside what is aimed at.
#   bench/table.sh [-r ROUNDS] [-s SECONDS] [-o FOLDER] [ROW...]     default: 5 rounds of 3 seconds, target/table, all rows
# Each row's result is kept in FOLDER as JSON: without ROW only what is not there yet is measured, a ROW that is named is
# measured again, and `none` only prints. SUT_CPU, LOAD_CPU: CPU of the switch and of the load (0 and 1).
# Needs root and: apt-get install dpdk dpdk-dev openvswitch-switch-dpdk gcc make pkg-config; 1,536 huge pages of 2 MiB.
set -eu
bench=$(dirname "$(readlink -f "$0")")
root=$(dirname "$bench")
rounds=5 seconds=3 folder=$root/target/table

# name | what is loaded | options of compare | switches | target beside Open vSwitch | beside testpmd
rows='
encap-64|encap, 64 B, 1,000 flows|--scenario encap --size 64 --flows 1000|weft ovs|3.2|
nvgre-encap-64|the same in NVGRE, beside GRE|--scenario nvgre-encap --size 64 --flows 1000|weft ovs|3.2|
encap-100k|encap, 64 B, 100,000 flows over 1,000 MACs|--scenario encap --size 64 --flows 100000 --macs 1000|weft ovs|4.3|
encap-imix|encap, imix, 10,000 flows over 100 MACs|--scenario encap --size imix --flows 10000 --macs 100|weft ovs|4.0|
encap-1518|encap, 1518 B, 1,000 flows|--scenario encap --size 1518 --flows 1000|weft ovs|2.8|
decap-64|decap, 64 B, 1,000 flows|--scenario decap --size 64 --flows 1000|weft ovs|2.7|
nvgre-decap-64|the same in NVGRE, beside GRE|--scenario nvgre-decap --size 64 --flows 1000|weft ovs|2.7|
l2-64|l2, 64 B, 1,000 flows|--scenario l2 --size 64 --flows 1000|weft ovs testpmd|1.6|0.95
l2-100k|l2, 64 B, 100,000 flows over 1,000 MACs|--scenario l2 --size 64 --flows 100000 --macs 1000|weft ovs|2.3|
l2-1518|l2, 1518 B, 1,000 flows|--scenario l2 --size 1518 --flows 1000|weft ovs|2.0|
l2-packed|l2, 64 B, 1,000 flows, packed rings|--scenario l2 --size 64 --flows 1000 --virtio packed_vq=1|weft ovs testpmd|1.5|0.85
latency-l2|p99 at 1 Mpps, l2, 64 B, 1,000 flows|--scenario l2 --size 64 --flows 1000 --rate 1e6 --warmup 8|weft ovs|p99 0.5|
latency-encap|p99 at 1 Mpps, encap, 64 B, 1,000 flows|--scenario encap --size 64 --flows 1000 --rate 1e6 --warmup 8|weft ovs|p99 0.5|
'
names=$(echo "$rows" | sed -n 's/|.*//p')

usage() {
    echo "usage: $0 [-r ROUNDS] [-s SECONDS] [-o FOLDER] [ROW...]" >&2
    echo "rows:" $names "(or: none)" >&2
    exit 2
}

while getopts r:s:o: option; do
    case $option in
        r) rounds=$OPTARG ;;
        s) seconds=$OPTARG ;;
        o) folder=$OPTARG ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$folder"
if [ $# = 0 ]; then
    for name in $names; do
        [ -s "$folder/$name.json" ] || set -- "$@" "$name"
    done
fi

for wanted; do
    [ "$wanted" != none ] || continue
    row=$(echo "$rows" | grep "^$wanted|") || usage
    IFS='|' read -r name label options switches _ <<<"$row"
    suts=()
    for switch in $switches; do suts+=(--sut "$switch=$bench/sut-$switch.sh"); done
    echo "== $name: $label" >&2
    # shellcheck disable=SC2086
    "$bench/compare" "${suts[@]}" $options --rounds "$rounds" --seconds "$seconds" --sut-cpu "${SUT_CPU:-0}" \
        --load-cpu "${LOAD_CPU:-1}" --json "$folder/$name.part" >&2 || {
        echo "table.sh: $name failed; the other rows go on" >&2
        continue
    }
    mv "$folder/$name.part" "$folder/$name.json"
done
rm -f "$folder"/*.part

ROWS=$rows python3 - "$folder" <<'END'
import json, os, sys

folder = sys.argv[1]
print("| load | Weft, Mpps | Open vSwitch | testpmd | Weft / Open vSwitch | target | / testpmd | target "
      "| Weft busy, ns a frame | refused |")
print("|---|---|---|---|---|---|---|---|---|---|")
for row in filter(None, os.environ["ROWS"].splitlines()):
    name, label, _, _, target, other_target = row.split("|")
    try:
        with open(os.path.join(folder, name + ".json")) as f:
            result = json.load(f)
    except FileNotFoundError:
        print("| %s | not measured |" % label)
        continue
    near = {k: v["near"] for k, v in result["medians"].items()}
    latency = target.startswith("p99")
    unit = (lambda m: "%.1f us" % m["latency_us"]["p99"]) if latency else (lambda m: "%.2f" % m["mpps"])
    cell = lambda k: unit(near[k]) if near.get(k) else "" if k not in near else "no near run"
    ratio = lambda k: ("%.2fx" % result["ratios"][k]["p99" if latency else "mpps"]) if k in result["ratios"] else ""
    weft = near.get("weft") or {}
    bound = "at most %sx" % target[4:] if latency else "at least %sx" % target
    print("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |" % (
        label, cell("weft"), cell("ovs"), cell("testpmd"), ratio("weft/ovs"), bound, ratio("weft/testpmd"),
        "at least %sx" % other_target if other_target else "",
        "%.1f" % weft["busy_ns"] if weft.get("busy_ns") else "", "%.2f" % weft["refused"] if weft else ""))
END
