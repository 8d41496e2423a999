# One image for all three servers. The command chooses the server: dist/apps/{gateway,lobby,game}/src/main.js.
# Node 24 and Debian 13 (trixie) get security updates until April and August 2028.
FROM node:24.22.3-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# Only files that run, and a list of the packages in the format CycloneDX: /app/sbom.cdx.json
RUN npm run build && node tools/image/run.mjs /image

FROM node:24.22.3-trixie-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="Servers of a fleet for multiplayer games, and the command line holdfast" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/node:24.22.3-trixie-slim"
ENV NODE_ENV=production
WORKDIR /app
# npm and yarn of the base image do not run here.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn*
COPY deploy/image/holdfast-probe deploy/image/holdfast-agones /usr/local/bin/
# The binary for operators: docker compose exec gateway holdfast fleet list --url http://haproxy:7010
RUN ln -s /app/packages/cli/src/holdfast.mjs /usr/local/bin/holdfast
COPY --from=build /image ./
# The user `node`. A number, because Kubernetes checks with it that the user is not root.
USER 1000:1000
# 7000: the page and players' WebSocket. 7001: players' TCP. 7010: operators.
EXPOSE 7000 7001 7010
# The check starts no Node: it is a script for bash, which opens /dev/tcp.
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 CMD ["holdfast-probe"]
# Node is process 1, with no shell or npm before it, so that SIGTERM reaches the server. A game server then migrates its rooms.
# Why these flags: tools/process/server-flags.mjs.
ENTRYPOINT ["node", "--enable-source-maps", "--v8-pool-size=0", "--no-allocation-site-pretenuring"]
CMD ["dist/apps/gateway/src/main.js"]
