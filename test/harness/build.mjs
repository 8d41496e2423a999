import { build } from '../../tools/build/build.mjs';

/** Builds the servers that the specs start, in case Jest runs without `npm test`. */
export default async function buildOnce() {
  await build({ log: (line) => process.stderr.write(`${line}\n`) });
}
