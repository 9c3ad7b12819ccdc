#!/usr/bin/env bash
# Boots systemd over a copy of this machine's files that is thrown away at the end, in namespaces of its own, without a network beyond
# loopback, and runs SCRIPT there as a service. Its output goes to standard output, its exit code is this one's.
#   usage: machine.sh SCRIPT [FILE...]     the files are in /test, where SCRIPT starts
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  work=$(mktemp -d)
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then group=/sys/fs/cgroup; else group=/sys/fs/cgroup/systemd; fi
  group=$group/xrayd-machine-$$
  mkdir "$group"
  clean() {
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    rm -rf "$work"
  }
  trap clean EXIT
  mkdir "$work/files"
  cp "$@" "$work/files/"
  mv "$work/files/$(basename "$1")" "$work/files/script"
  (echo "$BASHPID" >"$group/cgroup.procs" && exec unshare --mount --pid --fork --kill-child --net --ipc --uts --cgroup bash "$0" --inside "$work") >"$work/console" 2>&1 || true
  if [ ! -e "$work/files/code" ]; then
    echo "the machine did not run the script:" >&2
    cat "$work/console" >&2
    exit 1
  fi
  cat "$work/files/output"
  exit "$(cat "$work/files/code")"
fi
work=$2
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
# Nothing of this machine's own services.
mount -t tmpfs tmpfs etc/systemd/system
for unit in systemd-udevd systemd-udev-trigger systemd-resolved systemd-timesyncd systemd-networkd systemd-logind systemd-modules-load; do
  ln -s /dev/null "etc/systemd/system/$unit.service"
done
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
for folder in run tmp dev sys/fs/cgroup; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
chmod 1777 tmp
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
# What PrivateDevices= of a unit takes over.
mkdir dev/shm dev/pts dev/mqueue dev/hugepages
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mkdir sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
mkdir -p test
mount --bind "$work/files" test
cat >etc/systemd/system/test.service <<'UNIT'
[Unit]
After=basic.target
Requires=basic.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
WorkingDirectory=/test
ExecStart=/bin/sh -c 'bash script >output 2>&1; echo $$? >code'
TimeoutStartSec=120
UNIT
ip link set lo up
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --system --unit=test.service --log-target=journal --show-status=no
