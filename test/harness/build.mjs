import { build } from '../../tools/build/build.mjs';

/** What the specs start is what the sources say: built here when they run without `npm test`. */
export default async function buildOnce() {
  await build({ log: (line) => process.stderr.write(`${line}\n`) });
}
