import type { Chess } from '#games/chess';
import type { Room } from '#libs/client';
import { serverId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { type Fleet, startFleet, until } from '../harness/index.js';

/** Maximum time from an owner's last heartbeat to its death, in ms. The computed downtime can be too long by up to this time. */
const LIFE_SIGN_MS = 1_000;

describe('the clock of a chess game after its server was killed', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1 });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('stops until another server owns the game', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    const [white, black] = rooms as readonly Room<Chess>[] as readonly [Room<Chess>, Room<Chess>];
    await white.send('move', { san: 'e4' });
    await black.waitFor(({ state }) => state?.turn === 'b', { timeoutMs: 5_000 });
    await until(async () => (await fleet.redis.client.keys(redisName(`alive:${serverId('game', '1')}:*`))).length > 0);
    const before = sinceOf(black);

    const [first] = fleet.games;
    const killedAt = performance.now();
    first.kill();
    await first.exited;
    await black.waitFor(({ status }) => status === 'paused', { timeoutMs: 5_000 });
    await until(() => performance.now() - killedAt > 1_500);
    const nobodyMs = performance.now() - killedAt;
    await fleet.start('game', '2');
    await black.waitFor(({ status, state }) => status === 'playing' && state?.clocks.runningSince !== before, { timeoutMs: 20_000 });
    const stoodMs = sinceOf(black) - before;
    expect(stoodMs).toBeGreaterThanOrEqual(nobodyMs);
    expect(stoodMs).toBeLessThan(performance.now() - killedAt + LIFE_SIGN_MS + 500);

    await black.send('move', { san: 'e5' });
    await white.waitFor(({ state }) => state?.moves.length === 2, { timeoutMs: 5_000 });
    await white.send('resign');
  }, 40_000);
});

function sinceOf({ state }: Room<Chess>): number {
  const since = state?.clocks.runningSince;
  if (since == null) throw new Error('no clock runs');
  return since;
}
