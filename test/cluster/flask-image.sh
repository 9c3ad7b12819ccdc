#!/usr/bin/env bash
# Builds the image of examples/eks-flask, with its modern and its old versions, over a Debian with Python made here in place of python:3.11-slim.
#   usage: test/cluster/flask-image.sh        makes localhost/flask-shop:modern and localhost/flask-shop:2021
set -euo pipefail
cd "$(dirname "$0")/../../examples/eks-flask"
base=localhost/debian-python:bookworm
if ! buildah inspect "$base" >/dev/null 2>&1; then
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  mirror=$(apt-cache policy base-files | awk '$2 ~ /^https?:/ && !seen++ { print $2 }')
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$root" "$mirror" >/dev/null
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah commit -q "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
fi
# This machine's way to the package index, where it has one of its own.
mounts=(-v /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro)
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
  if [ -f "$file" ]; then mounts+=(-v "$file:/etc/pip.conf:ro"); fi
done
for version in modern:requirements.txt 2021:requirements-2021.txt; do
  buildah bud -q --isolation chroot "${mounts[@]}" --build-arg "BASE=$base" --build-arg "REQUIREMENTS=${version#*:}" -t "localhost/flask-shop:${version%%:*}" . >/dev/null
done
