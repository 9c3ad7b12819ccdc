#!/usr/bin/env bash
# npm run test:cluster: builds tools and images, starts a real Kubernetes in a network namespace of its own, runs the tests inside, stops it.
#   npm run test:cluster -- test/cluster/install.test.ts     only these
# Root, Linux. Tools are kept in ${XRAYD_TOOLS:-~/.cache/xrayd/cluster}; building them takes about 10 minutes once.
set -euo pipefail
cd "$(dirname "$0")/../.."
test/cluster/tools/build.sh cluster
work=$(mktemp -d)
finish() {
  test/cluster/cluster.sh down || true
  rm -rf "$work"
}
test/image/base.sh localhost/xrayd-base:test
node scripts/image.ts --tag localhost/xrayd:test --base localhost/xrayd-base:test --with buildah >/dev/null
test/cluster/example-images.sh 2>/dev/null
for image in xrayd:test flask-shop:modern flask-shop:2021 otel-shop:modern; do
  buildah push -q "localhost/$image" "docker-archive:$work/${image/:/-}.tar:localhost/$image"
done
# What an interrupted run left.
if [ -e /run/netns/xrayd ]; then test/cluster/cluster.sh down; fi
trap finish EXIT
test/cluster/cluster.sh up "$work"/*.tar
test/cluster/cluster.sh run node node_modules/vitest/vitest.mjs run --project cluster "$@"
