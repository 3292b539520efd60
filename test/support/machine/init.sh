#!/bin/sh
# What happens between power on and systemd. Called by machine.ts as `power`; each step goes on to the next one.
#   init.sh power OWNER BRIDGE PORT ADDRESS MAC CGROUP UPTIME NAME DIR   on this machine
#   init.sh cable (the same)                                             the same, but in a network of its own
#   init.sh disk NAME DIR                                                in all of the machine's namespaces, as its first process
# All that is mounted and plugged in here is gone with the machine's last process. In words:
#   OWNER   the process that the machine belongs to; its network has the BRIDGE, and gets the PORT
#   DIR     has `root`, a mount: the machine's disk
set -eu

power() {
  # It does not outlive its owner, and nothing in there outlives it.
  exec setpriv --pdeathsig KILL unshare --net sh "$0" cable "$@"
}

cable() {
  owner=$1 bridge=$2 port=$3 address=$4 mac=$5 cgroup=$6 uptime=$7 name=$8 dir=$9
  mkdir "$cgroup"
  echo $$ >"$cgroup/cgroup.procs"
  ip link set lo up
  # The same MAC at each boot: others remember where an address was last.
  ip link add eth0 address "$mac" type veth peer name "$port" netns "$owner"
  ip address add "$address" dev eth0
  ip link set eth0 up
  nsenter --target "$owner" --net ip link set "$port" master "$bridge" up
  # With a clock of its own, as after a real boot.
  exec unshare --mount --pid --uts --ipc --cgroup --time --boottime "-$uptime" --monotonic "-$uptime" \
    --fork --kill-child=KILL sh "$0" disk "$name" "$dir"
}

disk() {
  name=$1 dir=$2
  hostname "$name"
  cd "$dir/root"

  mount -t proc -o nosuid,nodev,noexec proc proc
  cat proc/sys/kernel/random/uuid >"$dir/boot_id"
  # Most of the kernel's settings belong to all machines alike: no machine may change them.
  mount --bind proc/sys proc/sys
  mount --bind "$dir/boot_id" proc/sys/kernel/random/boot_id
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup

  mount -t tmpfs -o mode=755,nosuid,size=8m tmpfs dev
  while read -r node major minor; do
    mknod -m 666 "dev/$node" c "$major" "$minor"
  done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  ln -s fd/0 dev/stdin
  ln -s fd/1 dev/stdout
  ln -s fd/2 dev/stderr
  mount -t tmpfs -o mode=755,nosuid,nodev,size=64m tmpfs run

  # The old root ends up on top of the new one, and is taken away.
  pivot_root . .
  umount -l .
  cd /
  exec env -i container=releaser-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --show-status=no
}

umask 022
step=$1
shift
"$step" "$@"
