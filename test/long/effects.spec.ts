import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisName } from '#libs/redis';
import { type Fleet, type FleetServer, type Game, type Ledger, startFleet, until } from '../harness/index.js';

interface Payment {
  readonly key: string;
  readonly id: string;
  readonly by: string;
  readonly hangs: boolean;
}

let fleet: Fleet;
let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-effects-'));
  file = join(dir, 'payments');
  fleet = await startFleet({ gateways: 1, lobbies: 1, games: 0, testGames: { turnMs: 60_000 }, env: { TEST_EFFECTS: file } });
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  await rm(dir, { recursive: true });
});

async function payments(id: string): Promise<Payment[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Payment).filter((payment) => payment.id === id);
}

/** Starts a game on a server whose effects never finish, and then starts a server whose effects finish. */
async function onAServerThatHangs(name: string): Promise<{ game: Game<Ledger>; owner: FleetServer }> {
  const owner = await fleet.start('game', `hangs-${name}`, { TEST_EFFECTS_HANG: '1', EFFECT_WARN_MS: '1000' });
  await fleet.whole();
  const game = await fleet.twoPlayersInAGame<Ledger>('ledger');
  expect(await fleet.ownerOf(game.rooms[0])).toBe(owner);
  await fleet.start('game', `pays-${name}`);
  await fleet.whole();
  return { game, owner };
}

/** Kills the game servers of the previous test, because each test starts its own servers. */
beforeEach(async () => {
  await end(...fleet.games.filter(({ exit }) => !exit));
});

async function end(...servers: FleetServer[]): Promise<void> {
  for (const server of servers) {
    server.kill();
    await server.exited;
  }
}

describe('an effect of a game', () => {
  it('is repeated only once by the next owner, under an unchanged key', async () => {
    const { game, owner } = await onAServerThatHangs('a');
    const [room] = game.rooms;
    await room.send('pay', { id: 'first' });
    await until(async () => (await payments('first')).length === 1);
    await end(owner);
    await until(async () => (await payments('first')).some(({ hangs }) => !hangs));
    const tried = await payments('first');
    expect(new Set(tried.map(({ key }) => key))).toEqual(new Set([expect.stringMatching(new RegExp(`^${room.id}:\\d+:\\d+:0$`))]));

    // The effect is done and recorded, so a third owner must not run it.
    const paidAt = Number(tried[0].key.split(':')[2]);
    await until(async () => Number(await fleet.redis.client.hget(redisName(`room:{${room.id}}`), 'version')) > paidAt, 5_000);
    const next = await fleet.start('game', 'next-a');
    await fleet.whole();
    await end(await fleet.ownerOf(room));
    await room.send('pay', { id: 'second' });
    expect(await fleet.ownerOf(room)).toBe(next);
    await until(async () => (await payments('second')).length === 1);
    expect(await payments('first')).toEqual(tried);
    await room.leave();
  }, 40_000);

  it('is run by the next owner even when the game has ended', async () => {
    const { game, owner } = await onAServerThatHangs('b');
    const [room] = game.rooms;
    await room.send('settle', { id: 'last' });
    await until(async () => (await payments('last')).length === 1);
    await end(owner);
    await until(async () => (await payments('last')).some(({ hangs }) => !hangs), 15_000);
    expect(new Set((await payments('last')).map(({ key }) => key)).size).toBe(1);
    await until(async () => (await fleet.redis.client.exists(redisName(`room:{${room.id}}:effects`))) === 0);
    for (const one of game.rooms) await one.leave();
  }, 40_000);
});

describe('an effect whose handler never finishes', () => {
  it('is logged once, while other effects and the game continue', async () => {
    const { game, owner } = await onAServerThatHangs('c');
    const [room] = game.rooms;
    await room.send('pay', { id: 'hanging' });
    await until(async () => (await payments('hanging')).length === 1);
    const [{ key }] = await payments('hanging');
    // Counts only the effects of this room, because an effect of an earlier game is perhaps overdue on the same server.
    const overdue = (): Record<string, unknown>[] => owner.logged('effect.overdue').filter(({ roomId }) => roomId === room.id);
    await until(() => overdue().length === 1);
    expect(overdue()).toMatchObject([{ level: 'warn', game: 'ledger', roomId: room.id, effect: 'ledger-pay', key }]);
    await room.send('note', { id: 'meanwhile' });
    await room.send('settle', { id: 'hanging-last' });
    await until(async () => (await payments('hanging-last')).length === 1);
    await until(() => overdue().length === 2);
    expect(overdue()[1]).toMatchObject({
      game: 'ledger',
      roomId: room.id,
      key: (await payments('hanging-last'))[0].key,
    });
    const counted = /^holdfast_effects_overdue\{game="ledger",[^}]*\} (\d+)$/m.exec((await owner.ops('/metrics')).text)?.[1];
    expect(Number(counted)).toBe(owner.logged('effect.overdue').length);
    for (const one of game.rooms) await one.leave();
  }, 40_000);
});

describe('a timer of a game', () => {
  const WOUND_MS = 1_200;

  it('fires only once when the owners of its room are killed and drained', async () => {
    const before = await fleet.start('game', 'early');
    await fleet.whole();
    const game = await fleet.twoPlayersInAGame<Ledger>('ledger');
    const [room] = game.rooms;
    const second = await fleet.start('game', 'second');
    await fleet.whole();

    await room.send('wind', { ms: WOUND_MS });
    await end(before);
    await room.waitFor(({ state }) => state?.rings === 1, { timeoutMs: 5_000 });
    expect(room.state?.servers).toEqual(['second']);

    await fleet.start('game', 'third');
    await fleet.whole();
    await room.send('wind', { ms: WOUND_MS });
    second.kill('SIGTERM');
    await second.exited;
    await room.waitFor(({ state }) => state?.rings === 2, { timeoutMs: 5_000 });
    expect(room.state?.servers).toEqual(['second', 'third']);

    // If a former owner still had an earlier timer of this room, that timer would fire before the new timer.
    await room.send('wind', { ms: WOUND_MS });
    await room.waitFor(({ state }) => (state?.rings ?? 0) >= 3, { timeoutMs: 5_000 });
    expect(room.state?.servers).toEqual(['second', 'third', 'third']);
    await room.leave();
  }, 40_000);
});
