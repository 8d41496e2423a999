import { existsSync } from 'node:fs';

// The client of this repository as a client under test: npm run conformance -- --client "node tools/conformance/node-client.mjs"
// The package @holdfast/cli has the compiled file in `src/`.
const [built, shipped] = ['../../dist/tools/conformance/src/node-client.js', 'src/node-client.js'].map(
  (path) => new URL(path, import.meta.url),
);
const { runNodeClient } = await import((existsSync(built) ? built : shipped).href);
runNodeClient(process.argv.slice(2));
