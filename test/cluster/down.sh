#!/usr/bin/env bash
# Called by cluster.sh: ends what up.sh started (by pid, newest first) and undoes what node.sh set.
[ -f "$RUN/pids" ] || { echo "not up"; exit 0; }
end() { # pid: TERM, then KILL after 10 s
  kill "$1" 2>/dev/null || return 0
  for _ in $(seq 50); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.2; done
  kill -9 "$1"
}
mine() { grep -qz -- "$2" "/proc/$1/cmdline" 2>/dev/null; }   # the pid may have been reused
if [ -S "$RUN/containerd.sock" ]; then
  read -r kubelet _ < <(grep ' kubelet$' "$RUN/pids"); mine "$kubelet" kubelet && end "$kubelet"
  ctr() { "$BIN/ctr" -a "$RUN/containerd.sock" -n k8s.io "$@"; }
  for c in $(ctr tasks ls -q); do ctr tasks kill -s KILL "$c"; done >/dev/null 2>&1
  sleep 1
  for c in $(ctr containers ls -q); do ctr tasks rm -f "$c"; ctr containers rm "$c"; done >/dev/null 2>&1
fi
tac "$RUN/pids" | while read -r pid name; do if mine "$pid" "$name"; then end "$pid"; fi; done
rm -f "$RUN/pids"
for p in $(grep -lz -- "^$RUN/containerd.sock$" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do end "$p"; done   # our shims
if [ -f "$RUN/sysctl.saved" ]; then
  grep " $RUN/" /proc/mounts | cut -d' ' -f2 | sort -r | while read -r m; do umount "$m"; done
  iptables-save -t nat 2>/dev/null | grep -v CNI- | iptables-restore -T nat   # portmap's rules
  ip link del kubeone0 2>/dev/null; for a in 10.97.0.1 10.96.0.10; do ip addr del $a/32 dev lo 2>/dev/null; done
  find /sys/fs/cgroup/*/kubepods -depth -type d -exec rmdir {} + 2>/dev/null
  while IFS= read -r s; do sysctl -qw "$s"; done <"$RUN/sysctl.saved"
fi
exit 0
