# One image for all three servers: which one it is, is the command (dist/apps/{gateway,lobby,game}/src/main.js).
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The binary for operators: docker compose exec gateway holdfast fleet list
COPY --from=build /app/tools ./tools
COPY --from=build /app/packages/cli ./packages/cli
RUN ln -s /app/packages/cli/src/holdfast.mjs /usr/local/bin/holdfast
USER node
# Players' WebSocket and page, players' TCP, operators.
EXPOSE 7000 7001 7010
# Node itself is process 1, with no shell and no npm before it: SIGTERM reaches it, and it drains.
# Why these flags: tools/process/server-flags.mjs.
ENTRYPOINT ["node", "--enable-source-maps", "--v8-pool-size=0", "--no-allocation-site-pretenuring"]
CMD ["dist/apps/gateway/src/main.js"]
