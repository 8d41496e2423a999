import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';

// `npm run players`: installs and builds what is stale, then runs the compiled tool.
await install();
await build({ log: (line) => console.error(line) });
const { main } = await import(new URL('../../dist/tools/players/src/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
// Lingering sockets must not delay the exit.
process.exit();
