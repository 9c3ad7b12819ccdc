#!/usr/bin/env bash
# Called by cluster.sh: starts everything, with fresh state each time. Logs and pids are in $RUN.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
API=${API_PORT:-16443} ETCD=${ETCD_PORT:-12379}
[ -e "$RUN/pids" ] && { echo "already up: $RUN/pids (cluster.sh down first)" >&2; exit 1; }
rm -rf "$RUN"; mkdir -p "$RUN/pki"; cd "$RUN"
start() { local n=$1; shift; setsid "$@" >"$n.log" 2>&1 </dev/null & echo "$! $n" >>pids; }
wait_for() { for _ in $(seq 120); do "$@" >/dev/null 2>&1 && return; sleep 0.5; done; echo "timeout: $*" >&2; exit 1; }
k() { "$BIN/kubectl" --kubeconfig "$RUN/kubeconfig" "$@"; }

TOKEN=$(head -c 24 /dev/urandom | base64 | tr -d '/+=')
echo "$TOKEN,admin,admin,system:masters" >pki/tokens.csv
openssl genrsa -out pki/sa.key 2048 2>/dev/null

start etcd "$BIN/etcd" --data-dir etcd --unsafe-no-fsync --log-level warn \
  --listen-client-urls "http://127.0.0.1:$ETCD" --advertise-client-urls "http://127.0.0.1:$ETCD" \
  --listen-peer-urls "http://127.0.0.1:$((ETCD + 1))" --initial-advertise-peer-urls "http://127.0.0.1:$((ETCD + 1))" \
  --initial-cluster "default=http://127.0.0.1:$((ETCD + 1))"
start kube-apiserver "$BIN/kube-apiserver" --etcd-servers "http://127.0.0.1:$ETCD" \
  --bind-address 127.0.0.1 --secure-port "$API" --cert-dir pki --advertise-address 10.96.0.254 \
  --endpoint-reconciler-type none --service-cluster-ip-range 10.96.0.0/24 \
  --kubelet-preferred-address-types InternalIP \
  --token-auth-file pki/tokens.csv --authorization-mode Node,RBAC --allow-privileged \
  --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file pki/sa.key --service-account-signing-key-file pki/sa.key
wait_for test -s pki/apiserver.crt
cat >kubeconfig <<Y
apiVersion: v1
kind: Config
clusters: [{name: k, cluster: {server: "https://127.0.0.1:$API", certificate-authority: $RUN/pki/apiserver.crt}}]
users: [{name: admin, user: {token: $TOKEN}}]
contexts: [{name: k, context: {cluster: k, user: admin}}]
current-context: k
Y
wait_for k get --raw /readyz
start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig kubeconfig --leader-elect=false \
  --bind-address 127.0.0.1 --secure-port $((API + 1)) --service-account-private-key-file pki/sa.key \
  --root-ca-file pki/apiserver.crt --use-service-account-credentials
start kube-scheduler "$BIN/kube-scheduler" --kubeconfig kubeconfig --leader-elect=false \
  --bind-address 127.0.0.1 --secure-port $((API + 2))
wait_for k get serviceaccount default
. "$HERE/node.sh"
k version | tail -1
