import { startRedis } from '../../redis/start-redis.mjs';
import { type Fuzzer, newFuzzer } from './fuzzer.js';

/** A short form of `npm run fuzz`, which runs many more cases. */
describe('the handling of hostile input', () => {
  let fuzzer: Fuzzer;
  beforeAll(async () => {
    fuzzer = await newFuzzer({ startRedis });
  });
  afterAll(() => fuzzer.close());

  it.each([
    ['decoders', 1_500],
    ['data in Redis', 500],
    ['players, MessagePack over TCP', 100],
    ['players, MessagePack over WebSocket', 100],
    ['players, JSON over WebSocket', 100],
    ['link frames', 200],
    ['admin requests', 200],
  ])('never crashes, hangs or throws an error without a code for %s (%i cases)', async (name, cases) => {
    const target = fuzzer.targets.find((one) => one.name === name);
    if (!target) throw new Error(`there is no target ${name}`);
    // Each run uses a new seed, so that all runs together cover more cases. A failure prints its seed.
    await fuzzer.run(target, cases, Math.floor(Math.random() * 2 ** 31));
  });
});
