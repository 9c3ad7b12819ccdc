#!/usr/bin/env bash
# Makes a base image like distroless Node from files of this machine: Node, the libraries it needs, users, certificates; no shell.
# For where no image can be pulled.   usage: test/image/base.sh NAME
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
node=$(readlink -f node_modules/node/bin/node)
mkdir -p "$root/nodejs/bin" "$root/etc/ssl/certs" "$root/lib64" "$root/usr/lib" "$root/usr/bin" "$root/home/nonroot"
install -d -m 1777 "$root/tmp"
cp "$node" "$root/nodejs/bin/node"
# Each library at the path where the loader of Node looks for it.
for library in $(ldd "$node" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
# Names are looked up through these two, which ldd does not see.
for name in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do
  # Read to the end: an awk that leaves early would end ldconfig, and with it, by pipefail, this script.
  found=$(ldconfig -p | awk -v n="$name" '$1 == n && !seen++ { print $NF }')
  if [ -n "$found" ]; then cp -L "$found" "$root$(dirname "$(ldd "$node" | grep -o '/[^ ]*libc.so.6')")/"; fi
done
printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"; fi
container=$(buildah from scratch)
buildah copy -q "$container" "$root" / >/dev/null
buildah config --user 65532 --entrypoint '["/nodejs/bin/node"]' --env PATH=/usr/bin:/bin "$container"
buildah commit -q --format docker "$container" "$1" >/dev/null
buildah rm "$container" >/dev/null
echo "made $1 with Node $("$node" --version)"
