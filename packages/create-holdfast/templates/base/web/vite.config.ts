import { defineConfig } from 'vite';

export default defineConfig({
  // The gateway serves this folder (src/gateway.ts).
  build: { outDir: '../dist/page', emptyOutDir: true },
  // `npm run web` serves the page with hot reload, and passes connections of players to the gateway of `npm start`.
  server: { proxy: { '/play': { target: 'ws://127.0.0.1:7000', ws: true } } },
});
