#!/bin/sh
# Runs a command on a router between the Internet and a LAN, which are network namespaces:
#
#     unshare --mount --net --pid --fork --kill-child --mount-proc sh network.sh COMMAND [ARGUMENT...]
#
# The host `outside` is 198.51.100.7 and knows the router as 198.51.100.1. The host `inside` is 192.0.2.2 and
# knows it as 192.0.2.1, unless ROUTER and INSIDE name other addresses of one /24. The router forwards SPA
# packets to `inside`. This shell stays as process 1, to reap daemons; when it ends, the kernel kills all
# processes that are left and removes the namespaces.
set -eu
ROUTER=${ROUTER:-192.0.2.1}
INSIDE=${INSIDE:-192.0.2.2}

# `ip netns` and podman keep their records in /run.
mount -t tmpfs -o mode=755 tmpfs /run

ip link set lo up
# NAME INTERFACE ROUTER'S-ADDRESS HOST'S-ADDRESS
add_host() {
  ip netns add "$1"
  ip link add "$2" type veth peer name eth0 netns "$1"
  ip addr add "$3/24" dev "$2"
  ip link set "$2" up
  ip -n "$1" link set lo up
  ip -n "$1" addr add "$4/24" dev eth0
  ip -n "$1" link set eth0 up
  ip -n "$1" route add default via "$3"
}
add_host outside wan 198.51.100.1 198.51.100.7
add_host inside lan "$ROUTER" "$INSIDE"

echo 1 >/proc/sys/net/ipv4/ip_forward
iptables -t nat -A PREROUTING -i wan -p udp --dport 62201 -j DNAT --to-destination "$INSIDE"

"$@"
exit
