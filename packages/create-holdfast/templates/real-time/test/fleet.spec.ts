import { TestFleet, until } from '@holdfast/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Boats } from '../src/games/boats/boats.js';

const GAME = 'boats';

// The servers of this project as real processes. `npm test` builds them before.
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start({ games: 2 });
}, 120_000);
afterAll(() => fleet?.stop());

it('a race of boats continues after its server is killed', async () => {
  const [ann, bob] = [await fleet.connect({ name: 'Ann' }), await fleet.connect({ name: 'Bob' })];
  const [room, seen] = await Promise.all([ann.quickMatch<Boats>(GAME), bob.quickMatch<Boats>(GAME)]);
  await room.waitFor(({ seat, state }) => seat !== null && state !== undefined);

  let inputs = 0;
  /** Ann holds the sail up. Returns how far Bob sees her boat. */
  const sail = () => {
    // No input is sent while the game has no server.
    if (room.sendInput(inputs + 1, { turn: 0, sail: true })) inputs += 1;
    return seen.state?.boats.find(({ seat }) => seat === room.seat)?.x ?? 0;
  };
  await until(() => sail() > 60);

  await fleet.kill(await fleet.ownerOf(room));
  const x = sail();
  await until(() => sail() > x + 20);
  expect(seen.status).toBe('playing');
}, 60_000);
