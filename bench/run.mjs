import { build } from '../tools/build/build.mjs';
import { install } from '../tools/install/install.mjs';

// `npm run bench`: installs and builds what is stale, then runs the compiled benchmarks.
await install();
await build({ log: (line) => console.error(line) });
const { main } = await import(new URL('../dist/bench/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
// Lingering sockets must not delay the exit.
process.exit();
