import { TestFleet } from '@holdfast/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HighCard } from '../src/games/high-card/high-card.js';

const GAME = 'high-card';

// The servers of this project as real processes. `npm test` builds them before.
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start({ games: 2 });
}, 120_000);
afterAll(() => fleet?.stop());

it('a game of high card continues after its server is killed', async () => {
  const [ann, bob] = [await fleet.connect({ name: 'Ann' }), await fleet.connect({ name: 'Bob' })];
  const rooms = await Promise.all([ann.quickMatch<HighCard>(GAME), bob.quickMatch<HighCard>(GAME)]);
  await Promise.all(rooms.map((room) => room.waitFor(({ seat, state }) => seat !== null && state !== undefined)));
  const [first, second] = rooms[0].seat === 0 ? rooms : [rooms[1], rooms[0]];
  const cards = [first, second].map(({ state }) => state!.hand[0]!);
  await first.send('play', { card: cards[0]! });

  await fleet.kill(await fleet.ownerOf(first));
  await second.send('play', { card: cards[1]! });
  await first.waitFor(({ state }) => state?.last != null);
  expect(first.state).toMatchObject({ last: cards, handSizes: [4, 4] });
}, 60_000);
