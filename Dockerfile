# The release bundle on distroless Node and nothing else: no shell, no package manager, no native code of our own.
#   docker build -t xrayd .                         from the sources
#   npm ci && npm run image -- --tag xrayd          the same, from a bundle that is built already: without the first stage
# The image itself has no RUN, so one machine can build it for every platform. A release sets BASE with its digest.
ARG BASE=gcr.io/distroless/nodejs26-debian13:nonroot
ARG BUILDER=docker.io/library/node:26-trixie-slim

# Prepares dist/image, which is the same for every platform. Without scripts of packages: the Node is that of the stage.
FROM --platform=$BUILDPLATFORM ${BUILDER} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/image.ts

FROM ${BASE}

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="xrayd" \
      org.opencontainers.image.description="A drop-in AWS X-Ray daemon, and a local X-Ray for development" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/xrayd/xrayd" \
      org.opencontainers.image.documentation="https://github.com/xrayd/xrayd#readme" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

COPY --from=build /src/dist/image/ /

# Health and metrics must be reachable from outside the container. A single malloc arena saves 8 MB under load at no cost.
ENV XRAYD_HTTP_ADDRESS=0.0.0.0:2001 \
    MALLOC_ARENA_MAX=1

# compat: the user ID, ports and ENTRYPOINT of the reference image. A command may follow the flags: docker run IMAGE local
USER 10001:10001
EXPOSE 2000/udp 2000/tcp 2001/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/xray", "healthcheck"]
ENTRYPOINT ["/xray", "-t", "0.0.0.0:2000", "-b", "0.0.0.0:2000"]
