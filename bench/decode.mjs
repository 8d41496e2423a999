// CPU time of one decode in ns: `npm run build && node bench/decode.mjs`. The minimum of the rounds has the least noise.
import { boatsState, events, patches, steering } from './codec-samples.mjs';

const built = new URL('../dist/libs/protocol/src/index.js', import.meta.url).href;
const { encodePlayerMessage, encodeServerMessage, decodePlayerMessage, decodeServerMessage, pack, unpack, unpackBody } = await import(
  built
);
const ROUNDS = 7;
const CALLS = 200_000;
const CALLS_OF_LONG = 3_000;

const command = Buffer.from(encodePlayerMessage({ kind: 'command', seq: 9, settled: 8, name: 'place', data: { cell: 4 } }));
const steer = Buffer.from(
  encodePlayerMessage({
    kind: 'command',
    seq: 9,
    settled: 8,
    name: 'steer',
    data: steering,
  }),
);
const hello = Buffer.from(encodePlayerMessage({ kind: 'hello', protocol: 1, name: 'Ada' }));
const sync = Buffer.from(encodeServerMessage({ kind: 'sync', version: 9, seq: 8, room: 'r-42', from: 8, patches, events }));
const state = Buffer.from(encodeServerMessage({ kind: 'sync', version: 9, seq: 8, room: 'r-42', state: boatsState }));
const change = pack([
  17,
  1_795_359_600_000,
  [
    ['/cells/4', 0],
    ['/turn', 1],
  ],
  [[0, 17]],
  [{ name: 'placed', data: { seat: 0, cell: 4 } }],
]);

/** @type {readonly [name: string, calls: number, decode: () => unknown][]} */
const CASES = [
  ['data of a command { cell: 4 }', CALLS, () => unpackBody(command, 15)],
  ['data of a command with 5 fields', CALLS, () => unpackBody(steer, 15)],
  ['whole command frame', CALLS, () => decodePlayerMessage(command)],
  ['hello', CALLS, () => decodePlayerMessage(hello)],
  ['sync with two patches and an event', CALLS, () => decodeServerMessage(sync)],
  ['sync with a state of 60 boats', CALLS_OF_LONG, () => decodeServerMessage(state)],
  ['one change of a log', CALLS, () => unpack(change)],
];

const least = new Map(CASES.map(([name]) => [name, Number.POSITIVE_INFINITY]));
let last;
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, calls, decode] of CASES) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call++) last = decode();
    const { user, system } = process.cpuUsage(before);
    least.set(name, Math.min(least.get(name) ?? 0, ((user + system) * 1_000) / calls));
  }
}
for (const [name, ns] of least) console.log(name.padEnd(40), `${Math.round(ns)} ns`);
if (last === undefined) throw new Error('nothing was decoded');
