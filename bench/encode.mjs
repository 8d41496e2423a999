// CPU time of one encode in ns, and that of msgpackr: `npm run build && node bench/encode.mjs`. The minimum of the rounds has the
// least noise.
import { Packr } from 'msgpackr';
import { boatsState, events, patches, steering } from './codec-samples.mjs';

const { pack } = await import(new URL('../dist/libs/protocol/src/index.js', import.meta.url).href);
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: false, encodeUndefinedAsNil: true, useToJSON: false });
const ROUNDS = 7;
const CALLS = 200_000;
const CALLS_OF_LONG = 3_000;

/** @type {readonly [name: string, calls: number, value: unknown][]} */
const CASES = [
  ['data of a command { cell: 4 }', CALLS, { cell: 4 }],
  ['data of a command with 5 fields', CALLS, steering],
  ['sync with two patches and an event', CALLS, { room: 'r-42', from: 8, patches, events }],
  ['sync with a state of 60 boats', CALLS_OF_LONG, { room: 'r-42', state: boatsState }],
  ['one change of a log', CALLS, [17, 1_795_359_600_000, patches.map(({ path, value }) => [path, value]), [[0, 17]], events]],
];
/** @type {readonly [name: string, encode: (value: unknown) => Uint8Array][]} */
const ENCODERS = [
  ['own', pack],
  ['msgpackr', (value) => packr.pack(value)],
];

for (const [name, calls, value] of CASES) {
  const least = ENCODERS.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [, encode]] of ENCODERS.entries()) {
      const before = process.cpuUsage();
      for (let call = 0; call < calls; call++) encode(value);
      const { user, system } = process.cpuUsage(before);
      least[index] = Math.min(least[index] ?? 0, ((user + system) * 1_000) / calls);
    }
  }
  console.log(name.padEnd(40), ENCODERS.map(([encoder], index) => `${encoder} ${Math.round(least[index] ?? 0)} ns`).join('  '));
}
