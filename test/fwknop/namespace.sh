#!/bin/sh
# Runs a command as if on a machine of its own, for isolation.ts:
#
#     unshare --net --mount --pid --fork sh namespace.sh DIRECTORY COMMAND [ARGUMENT...]
#
# It sees a loopback interface and no other, a /dev without the system's log (so that a test can
# bind its own /dev/log), and DIRECTORY/etc as /etc/fwknop. DIRECTORY/dev must exist as well.
# This shell stays as process 1, to reap daemons; when it ends, the kernel kills all that is left.
set -eu
directory=$1
shift

ip link set lo up

dev=$directory/dev
mount -t tmpfs -o mode=755 tmpfs "$dev"
for device in null zero full random urandom tty; do
  : >"$dev/$device"
  mount --bind "/dev/$device" "$dev/$device"
done
ln -s /proc/self/fd "$dev/fd"
mount --rbind "$dev" /dev

mount --bind "$directory/etc" /etc/fwknop

"$@"
exit
