#!/usr/bin/env bash
# Puts a base like distroless Node into a registry, as a manifest list for amd64 and arm64. The base for arm64 is empty, since
# nothing runs in the build.   usage: test/image/registry.sh HOST:PORT/NAME:TAG
set -euo pipefail
cd "$(dirname "$0")/../.."
base=localhost/xrayd-base:test arm64=localhost/xrayd-base:arm64 list=localhost/xrayd-base-list:test
test/image/base.sh "$base"
container=$(buildah from --arch arm64 scratch)
buildah config --arch arm64 "$container"
buildah commit -q --format docker "$container" "$arm64" >/dev/null
buildah rm "$container" >/dev/null
buildah manifest rm "$list" >/dev/null 2>&1 || true
buildah manifest create "$list" >/dev/null
buildah manifest add "$list" "$base" >/dev/null
buildah manifest add --arch arm64 "$list" "$arm64" >/dev/null
buildah manifest push -q --all --format v2s2 --tls-verify=false "$list" "docker://$1"
