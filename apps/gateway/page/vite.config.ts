import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const repository = fileURLToPath(new URL('../../..', import.meta.url));

export default defineConfig({
  root,
  base: './',
  // Resolves `#libs/client` to its source, by the `imports` of package.json.
  resolve: { conditions: ['holdfast-source', ...defaultClientConditions] },
  build: {
    outDir: `${repository}dist/page`,
    emptyOutDir: true,
    target: 'es2022',
  },
  server: {
    // Settings for `npx vite`, which runs beside a fleet of `npm start`. Vite reloads the page when its source changes, and passes the
    // connections of players to the fleet.
    proxy: { '/play': { target: process.env.GATEWAY_URL ?? 'http://127.0.0.1:7000', ws: true, changeOrigin: true, rewriteWsOrigin: true } },
    fs: { allow: [repository] },
  },
});
