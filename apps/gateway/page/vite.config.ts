import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const repository = fileURLToPath(new URL('../../..', import.meta.url));

export default defineConfig({
  root,
  base: './',
  // `#libs/client` is its source here, by the `imports` of package.json.
  resolve: { conditions: ['holdfast-source', ...defaultClientConditions] },
  build: {
    outDir: `${repository}dist/page`,
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: {
      // The client's TCP transport is for Node, and is never loaded here.
      external: [/^node:/],
    },
  },
  server: {
    // `npx vite` beside a fleet from `npm start`: the page reloads as it is edited.
    proxy: { '/play': { target: process.env.GATEWAY_URL ?? 'http://127.0.0.1:7000', ws: true, changeOrigin: true, rewriteWsOrigin: true } },
    fs: { allow: [repository] },
  },
});
