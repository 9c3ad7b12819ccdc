#!/usr/bin/env bash
# Builds the images of examples/eks-flask, with its modern and its old versions, and of examples/eks-opentelemetry, over a Debian with Python made
# here in place of python:3.11-slim.
#   usage: test/cluster/example-images.sh        makes localhost/flask-shop:modern, localhost/flask-shop:2021 and localhost/otel-shop:modern
set -euo pipefail
cd "$(dirname "$0")/../../examples"
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
# At the same time, since each waits for the package index.
builds=()
for image in eks-flask:requirements.txt:flask-shop:modern eks-flask:requirements-2021.txt:flask-shop:2021 eks-opentelemetry:requirements.txt:otel-shop:modern; do
  IFS=: read -r folder requirements name tag <<<"$image"
  buildah bud -q --isolation chroot "${mounts[@]}" --build-arg "BASE=$base" --build-arg "REQUIREMENTS=$requirements" -t "localhost/$name:$tag" "$folder" >/dev/null &
  builds+=("$!")
done
for build in "${builds[@]}"; do wait "$build"; done
