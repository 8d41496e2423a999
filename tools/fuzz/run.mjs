import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { startRedis } from '../redis/index.mjs';

// `npm run fuzz`: installs and builds what is stale, then runs the compiled tool. It gets the functions that start processes,
// because they are outside dist/.
await install();
await build({ log: (line) => console.error(line) });
const { main } = await import(new URL('../../dist/tools/fuzz/src/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), { startRedis });
// Lingering sockets must not delay the exit.
process.exit();
