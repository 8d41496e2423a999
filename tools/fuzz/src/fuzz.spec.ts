import { startRedis } from '../../redis/start-redis.mjs';
import { type Fuzzer, newFuzzer } from './fuzzer.js';

/** `npm run fuzz` is the long form. */
describe('what strangers send', () => {
  let fuzzer: Fuzzer;
  beforeAll(async () => {
    fuzzer = await newFuzzer({ startRedis });
  });
  afterAll(() => fuzzer.close());

  it.each([
    ['decoders', 1_500],
    ['what stands in Redis', 500],
    ['players, MessagePack over TCP', 100],
    ['players, MessagePack over WebSocket', 100],
    ['players, JSON over WebSocket', 100],
    ['link frames', 200],
    ['admin requests', 200],
  ])('to %s ends in a value or a refusal with its code, %i times', async (name, cases) => {
    const target = fuzzer.targets.find((one) => one.name === name);
    if (!target) throw new Error(`there is no target ${name}`);
    // A seed of its own each time: the sum of all runs is what is covered, and a failure says its seed.
    await fuzzer.run(target, cases, Math.floor(Math.random() * 2 ** 31));
  });
});
