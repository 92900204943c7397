# One image for every fairlead process: pods choose with `command: ["fairlead", "router"]`.
# BASE needs Node 22.18 or newer as `node` on PATH; a context that brings its node_modules is built without a registry. The
# version is the one that package-lock.json pins, the digest that of its image for all platforms.
ARG BASE=node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

FROM ${BASE} AS build
WORKDIR /src
COPY . .
RUN test -d node_modules || npm ci --ignore-scripts --no-audit --no-fund
RUN node scripts/build.mjs \
  && mkdir -p /out/opt/fairlead /out/usr/local/bin \
  && cp -R package.json LICENSE bin dist manifests /out/opt/fairlead/ \
  && ln -s /opt/fairlead/bin/fairlead.mjs /out/usr/local/bin/fairlead

FROM ${BASE}
# The agent's; a base that brings them is built without a registry.
RUN command -v nft && command -v conntrack || (apt-get update \
  && apt-get install --yes --no-install-recommends nftables conntrack && rm -rf /var/lib/apt/lists/*)
COPY --from=build /out/ /
ENV NODE_ENV=production
USER 65532:65532
EXPOSE 5671 5353/udp 5353/tcp 9090 9091 9092
CMD ["fairlead", "--help"]
