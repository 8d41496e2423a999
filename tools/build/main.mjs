import { build } from './build.mjs';

// `npm run build`: all of it, whatever was built before.
const startedAt = Date.now();
const { built } = await build({ force: true, log: (line) => console.log(line) });
console.log(`built ${built.join(', ')} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
