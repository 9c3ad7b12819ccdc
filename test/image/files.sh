#!/usr/bin/env bash
# Each file of an image with its mode and sum.   usage: files.sh NAME
set -euo pipefail
container=$(buildah from "$1")
trap 'buildah rm "$container" >/dev/null' EXIT
cd "$(buildah mount "$container")"
find . -type l -printf '%y %l %p\n' | sort
find . -type f -printf '%m %p\n' | sort
find . -type f -print0 | sort -z | xargs -0 sha256sum
