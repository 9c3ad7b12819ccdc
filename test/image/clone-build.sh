#!/usr/bin/env bash
# Builds the whole Dockerfile in CLONE, as `docker build` does. The image of its first stage, which cannot be pulled here, has nothing of
# its own: this machine's /usr, with the Node of the tests and this machine's npm and its settings.
#   usage: clone-build.sh CLONE BASE NAME
set -euo pipefail
cd "$(dirname "$0")/../.."
builder=localhost/xrayd-builder:test
container=$(buildah from scratch)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{usr,etc/ssl,root,tmp,var/tmp}
chmod 1777 "$root/tmp"
for name in bin lib lib64 sbin; do ln -s "usr/$name" "$root/$name"; done
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
buildah copy -q "$container" "$root" / >/dev/null
buildah config --env PATH=/opt/node/bin:/usr/local/bin:/usr/bin:/bin --env npm_config_prefer_offline=true "$container"
buildah commit -q "$container" "$builder" >/dev/null
buildah rm "$container" >/dev/null
mounts=(-v /usr:/usr:ro -v /etc/ssl:/etc/ssl:ro -v "$PWD/node_modules/node/bin:/opt/node/bin:ro")
npmrc=$(npm config get userconfig)
if [ -f "$npmrc" ]; then mounts+=(-v "$npmrc:/root/.npmrc:ro"); fi
mkdir -p "$HOME/.npm"
mounts+=(-v "$HOME/.npm:/root/.npm")
buildah bud -q --isolation chroot --format docker "${mounts[@]}" --build-arg "BUILDER=$builder" --build-arg "BASE=$2" -t "$3" "$1"
