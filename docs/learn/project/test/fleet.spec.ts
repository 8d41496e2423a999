import { TestFleet } from '@holdfast/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Countdown } from '../src/games/countdown/countdown.js';

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start({ games: 2 });
}, 120_000);
afterAll(() => fleet?.stop());

it('keeps the coins when the server of the game is killed', async () => {
  const [ann, bob] = [await fleet.connect({ name: 'Ann' }), await fleet.connect({ name: 'Bob' })];
  const rooms = await Promise.all([ann.quickMatch<Countdown>('countdown'), bob.quickMatch<Countdown>('countdown')]);
  await Promise.all(rooms.map((room) => room.waitFor(({ seat, state }) => seat !== null && state !== undefined)));
  const [first, second] = rooms[0].seat === 0 ? rooms : [rooms[1], rooms[0]];
  await first.send('take', { coins: 3 });

  await fleet.kill(await fleet.ownerOf(first));
  await second.send('take', { coins: 2 });
  await first.waitFor(({ state }) => state?.coins === 16);
  expect(first.state?.turn).toBe(0);
}, 60_000);
