#!/usr/bin/env bash
# Makes the small Linux guest that the system tests and bench/guests.sh boot in QEMU: FOLDER/vmlinuz and FOLDER/initrd.
#   guest-image.sh FOLDER
# The kernel and its modules are Debian's cloud kernel, downloaded as a package; the rest is busybox, iperf3 and ethtool
# of this machine. Takes some seconds, and nothing where FOLDER holds what this very script made before.
#
# The guest takes its part from the kernel's command line (weft.name, weft.net, weft.mtu, weft.vlan; see /init below)
# and runs one command a line from its second serial port: "ID SECONDS COMMAND" is answered by the command's output and
# then "@end ID STATUS" in a line of its own. "@ready" says that it has booted. The first serial port is its console.
set -euo pipefail
out=$(realpath -m "${1:?the folder to make it in}")
stamp=$(sha256sum "$(readlink -f "$0")" | cut -d' ' -f1)
[ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ] && exit 0

fail() {
    echo "guest-image: $*" >&2
    exit 1
}

for program in busybox cpio modprobe depmod dpkg apt-get iperf3 ethtool; do
    PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null || fail "the program $program is missing"
done
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$out"
exec 9>"$out/lock"
flock 9
[ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ] && exit 0
tmp=$(mktemp -d -t "weft-guest.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

kernel_package() {
    apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1
}

download() {
    local package
    package=$(kernel_package)
    [ -n "$package" ] && (cd "$tmp" && timeout 180 apt-get download -qq "$package") >"$tmp/log" 2>&1
}

# The lists of packages may be absent or old.
download || { timeout 180 apt-get -qq update >"$tmp/log" 2>&1 && download; } \
    || fail "no kernel: apt-get download linux-image-cloud-amd64: $(tail -1 "$tmp/log")"
dpkg -x "$tmp"/linux-image-*.deb "$tmp/kernel"
release=$(basename "$tmp"/kernel/boot/vmlinuz-*)
release=${release#vmlinuz-}
cp "$tmp/kernel/boot/vmlinuz-$release" "$out/vmlinuz"

root=$tmp/root
mkdir -p "$root"/{bin,proc,sys,dev,tmp,modules,etc,var/run,srv}
for applet in $(busybox --list); do
    [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
done
for program in busybox iperf3 ethtool; do
    path=$(command -v $program)
    cp "$path" "$root/bin/"
    # A static program has no libraries, and ldd says so by failing.
    { ldd "$path" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; } | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
done

# Names are looked up nowhere else: a static busybox must not load a library for it.
printf 'hosts: files\nservices: files\nprotocols: files\n' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"

# Modules in the order in which they have to be loaded.
depmod -b "$tmp/kernel" "$release"
number=10
for module in virtio_pci virtio_net 8021q; do
    modprobe -d "$tmp/kernel" -S "$release" --show-depends $module | sed -n 's/^insmod //p'
done | awk '!seen[$1]++ { print $1 }' >"$tmp/modules"
while read -r file; do
    cp "$file" "$root/modules/$number-$(basename "$file")"
    number=$((number + 1))
done <"$tmp/modules"

cat >"$root/bin/net-up" <<'END'
#!/bin/sh
# Addresses, MTU and VLANs of eth0, as the kernel's command line says.
for word in $(cat /proc/cmdline); do
    case $word in
        weft.net=*) net=${word#*=} ;;
        weft.mtu=*) mtu=${word#*=} ;;
        weft.vlan=*) vlan=${word#*=} ;;
    esac
done
[ -e /sys/class/net/eth0 ] || exit 1
[ -z "$mtu" ] || ip link set eth0 mtu "$mtu"
ip link set eth0 up
for address in $(echo "$net" | tr , ' '); do ip addr add "$address" dev eth0; done
for entry in $(echo "$vlan" | tr , ' '); do
    ip link add link eth0 name "eth0.${entry%%=*}" type vlan id "${entry%%=*}"
    ip addr add "${entry#*=}" dev "eth0.${entry%%=*}"
    ip link set "eth0.${entry%%=*}" up
done
END

cat >"$root/init" <<'END'
#!/bin/sh
# weft.name=NAME weft.net=ADDRESS/LENGTH,... weft.mtu=BYTES weft.vlan=VID=ADDRESS/LENGTH,...
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for word in $(cat /proc/cmdline); do
    case $word in weft.name=*) hostname "${word#*=}" ;; esac
done
# Addresses are good at once: nobody asks whether another has them.
echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
for module in /modules/*; do insmod "$module"; done
ip link set lo up
net-up
httpd -h /srv -p 8080
exec </dev/ttyS1 >/dev/ttyS1 2>&1
stty -echo -opost -isig -ixon
echo
echo "@ready $(hostname)"
while read -r id seconds line; do
    timeout "$seconds" sh -c "$line" </dev/null
    status=$?
    echo
    echo "@end $id $status"
done
poweroff -f
END
chmod +x "$root/init" "$root/bin/net-up"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$out/initrd"
echo "$stamp" >"$out/stamp"
