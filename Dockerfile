# footnote in one image: the binary with its pages, and the default models.
#
#   docker build -t footnote .
#   docker run --rm -v "$PWD/documents:/documents:ro" -v footnote:/data footnote ingest /documents
#   docker run --rm -v footnote:/data -p 127.0.0.1:8080:8080 footnote serve --listen 0.0.0.0:8080

# --- the page
FROM node:22-bookworm-slim AS widget
WORKDIR /src/widget
COPY widget/package.json widget/package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY widget ./
RUN npm run build

# --- the models: a stage of its own, so that a change of code does not fetch them again
FROM python:3.13-slim-bookworm AS models
ENV FOOTNOTE_MODELS=/models
WORKDIR /src
COPY config/models.toml config/
COPY scripts/models scripts/models
RUN python3 scripts/models

# --- the binary
FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake clang libclang-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=widget /src/widget/dist widget/dist
# The caches survive a failed build: a cold one takes long.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target cargo build --release --workspace --locked \
    && install -D /target/release/footnote /out/footnote

# --- what runs
FROM debian:bookworm-slim
# libgomp1: llama.cpp's threads. libstdc++6: both engines and ONNX Runtime. ca-certificates: `models pull`.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libgomp1 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 footnote \
    && install -d -o footnote -g footnote /data
COPY --from=build /out/footnote /usr/local/bin/footnote
COPY --from=models --chown=footnote:footnote /models /models
COPY scripts/healthcheck.sh /usr/local/bin/healthcheck
COPY LICENSE NOTICE /usr/share/doc/footnote/
ENV FOOTNOTE_DATA=/data FOOTNOTE_MODELS=/models
USER footnote
WORKDIR /home/footnote
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["healthcheck"]
ENTRYPOINT ["footnote"]
# In a container, loopback is the container's own: to be reached at all, the server listens on every address,
# and who may reach it is decided where the port is published.
CMD ["serve", "--listen", "0.0.0.0:8080"]
