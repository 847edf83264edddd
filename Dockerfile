# The image of the roles: a static lean binary without Temporal's server, the
# certificates of public authorities, and nothing else. Build it with `make image`,
# which needs no engine, or with one:
#
#   docker build --build-arg VERSION=0.1.0 --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t purser:0.1.0 .
#
# tools/image builds the file tree in both cases, and reads the settings below from
# the last stage.
FROM golang:1.26.8 AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
ARG COMMIT=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go run -C tools ./image -tree /image -platform "${TARGETOS:-linux}/${TARGETARCH:-$(go env GOARCH)}" -version "$VERSION" -commit "$COMMIT"

FROM scratch
ARG VERSION
ARG COMMIT=unknown
COPY --from=build /image/ /
# A new volume takes its owner and mode from this directory.
COPY --from=build --chown=65532:65532 /image/data /data
ENV PATH=/ PURSER_DATA=/data PURSER_LISTEN=0.0.0.0:8080
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=6s --start-period=30s --retries=3 CMD ["/purser", "health"]
LABEL org.opencontainers.image.title="purser" \
      org.opencontainers.image.description="Runs a shop's orders as durable workflows: the roles api, worker and sandbox" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
ENTRYPOINT ["/purser"]
