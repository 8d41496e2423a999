import { ALL, build } from './build.mjs';

// `npm run build`: builds everything, even what is current.
const startedAt = Date.now();
const { built } = await build({ force: true, parts: ALL, log: (line) => console.log(line) });
console.log(`built ${built.join(', ')} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
