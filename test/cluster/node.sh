# Sourced by up.sh: containerd (CRI) and one kubelet, node "node1".
# The node address is 10.97.0.1 on lo (a kubelet refuses 127.x), pods get
# 10.98.0.0/24 on a bridge. cgroup v1 and no CAP_SYS_RESOURCE are expected.
NODEIP=10.97.0.1 SOCK=$RUN/containerd.sock
KEYS="vm.overcommit_memory kernel.panic kernel.panic_on_oops net.ipv4.ip_forward"
for s in $KEYS; do echo "$s=$(sysctl -n $s)"; done >sysctl.saved   # down.sh puts them back
ip addr replace $NODEIP/32 dev lo
mkdir -p cni registry/_default
echo 'server = "http://127.0.0.1:1"' >registry/_default/hosts.toml   # no pulls: imported images only
cat >cni/10-bridge.conflist <<Y
{"cniVersion": "0.4.0", "name": "k", "plugins": [
 {"type": "bridge", "bridge": "kubeone0", "isGateway": true, "ipam": {"type": "host-local", "dataDir": "$RUN/cni-ipam", "ranges": [[{"subnet": "10.98.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}}]}
Y
cat >containerd.toml <<Y
version = 3
root = "$RUN/containerd"
state = "$RUN/containerd-state"
oom_score = 0
[grpc]
  address = "$SOCK"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  registry.config_path = "$RUN/registry"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "local/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "$RUN/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "/usr/sbin/runc"
      SystemdCgroup = false
Y
PATH=$BIN:$PATH start containerd "$BIN/containerd" --config containerd.toml
wait_for "$BIN/ctr" -a "$SOCK" version
python3 "$HERE/mkimage.py" busybox.tar "docker.io/local/pause:1,docker.io/local/busybox:1" \
  '["/bin/busybox","sleep","2147483647"]' 10001 /bin/busybox=/bin/busybox $(for a in sh sleep; do echo "/bin/$a=->busybox"; done)
for i in busybox.tar ${IMAGES:-}; do "$BIN/ctr" -a "$SOCK" -n k8s.io images import "$i" >>import.log; done
cat >kubelet.yaml <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODEIP
healthzPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$SOCK
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
featureGates: {KubeletInUserNamespace: true}
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
podLogsDir: $RUN/pod-logs
evictionHard: {imagefs.available: 1%, nodefs.available: 1%}
Y
start kubelet "$BIN/kubelet" --config kubelet.yaml --kubeconfig kubeconfig --root-dir "$RUN/kubelet" \
  --cert-dir "$RUN/kubelet/pki" --hostname-override node1 --node-ip $NODEIP
wait_for k get node node1
k wait --for=condition=Ready node/node1 --timeout=60s
# Services: kube-proxy in iptables mode (masquerading all, as pods share one bridge), and DNS for cluster.local on an address of lo.
start kube-proxy "$BIN/kube-proxy" --kubeconfig kubeconfig --hostname-override node1 --proxy-mode iptables --cluster-cidr 10.98.0.0/24 --masquerade-all \
  --bind-address $NODEIP --healthz-bind-address 127.0.0.1:10256 --conntrack-max-per-core 0 --conntrack-min 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0
ip addr replace 10.96.0.10/32 dev lo
cat >Corefile <<Y
cluster.local:53 {
  bind 10.96.0.10
  kubernetes {
    kubeconfig $RUN/kubeconfig
  }
  errors
}
Y
start coredns "$BIN/coredns" -conf Corefile
