# The release bundle on distroless Node and nothing else: no shell, no package manager, no native code of our own.
#   npm ci && npm run image -- --tag xrayd        (assembles dist/image, then builds the image)
# There is no RUN, so one machine can build the image for every platform. A release sets BASE with its digest.
ARG BASE=gcr.io/distroless/nodejs26-debian13:nonroot
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

COPY dist/image/ /

# Health and metrics must be reachable from outside the container. A single malloc arena saves 8 MB under load at no cost.
ENV XRAYD_HTTP_ADDRESS=0.0.0.0:2001 \
    MALLOC_ARENA_MAX=1

# compat: the user ID, ports and ENTRYPOINT of the reference image. A command may follow the flags: docker run IMAGE local
USER 10001:10001
EXPOSE 2000/udp 2000/tcp 2001/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/xray", "healthcheck"]
ENTRYPOINT ["/xray", "-t", "0.0.0.0:2000", "-b", "0.0.0.0:2000"]
