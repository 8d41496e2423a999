import { join } from 'node:path';
import { build } from 'vite';
import { ROOT } from '../../../tools/process/paths.mjs';

// `node test/browser/react-page/build.mjs FOLDER`: bundles the program of the page as one script, FOLDER/page.js.
await build({
  root: join(ROOT, 'test/browser/react-page'),
  configFile: false,
  logLevel: 'warn',
  define: { 'process.env.NODE_ENV': '"development"' },
  resolve: {
    conditions: ['holdfast-source', 'module', 'browser', 'development'],
    // Sets the path of the client's source, because the package.json in this folder lacks the `imports` of the repository.
    alias: { '#libs/client': join(ROOT, 'libs/client/src/index.ts') },
  },
  build: {
    outDir: process.argv[2],
    emptyOutDir: true,
    minify: false,
    lib: { entry: 'main.ts', formats: ['iife'], name: 'program', fileName: () => 'page.js' },
  },
});
