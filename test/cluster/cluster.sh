#!/usr/bin/env bash
# A real one-node Kubernetes (etcd, API server, controllers, scheduler, kube-proxy, CoreDNS, containerd, kubelet) in a network namespace of its
# own: nothing in it reaches, or is reached from, outside. Root, cgroup v1 or v2. tools/build.sh builds what it needs.
#   cluster.sh up [IMAGE.tar ...]   starts it and imports images      cluster.sh run COMMAND ...   runs a command in it (kubectl, helm, node …)
#   cluster.sh down                 stops it and undoes what it set
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export CACHE=${XRAYD_TOOLS:-$HOME/.cache/xrayd/cluster}
ns=${CLUSTER_NS:-xrayd}
export BIN=$CACHE/bin RUN=${RUN:-$CACHE/run-$ns}
# Not `ip netns exec`: it remounts /sys, which hides the cgroups from the kubelet.
inside() { nsenter --net="/run/netns/$ns" env KUBECONFIG="$RUN/kubeconfig" PATH="$BIN:$PATH" "$@"; }
case ${1:-} in
  up)
    shift
    images=()
    for i in "$@"; do images+=("$(realpath "$i")"); done
    ip netns add "$ns"
    inside ip link set lo up
    IMAGES="${images[*]:-}" inside "$here/up.sh"
    ;;
  run) shift; inside "$@" ;;
  down) inside "$here/down.sh"; ip netns del "$ns" ;;
  *) sed -n 2,5p "$0"; exit 2 ;;
esac
