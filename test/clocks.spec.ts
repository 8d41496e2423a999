import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SignJWT } from 'jose';
import type { TicTacToe } from '#games/tic-tac-toe';
import { connect, type Room } from '#libs/client/node';
import { type ServerType, serverId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { ROOT } from '../tools/process/paths.mjs';
import { ADMIN_TOKEN, type Fleet, type FleetServer, startFleet, until } from './harness/index.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TURN_MS = 5_000;
/** Tolerance of the measured times, in ms. It covers a busy machine, the pause of a migration, and the polling of the test. */
const SLACK_MS = 1_500;
const JWT_SECRET = 'a secret for tests that is long enough';
const PRELOAD = pathToFileURL(join(ROOT, 'tools/process/wall-clock.mjs')).href;

let home: string;
let fleet: Fleet;
afterEach(async () => {
  await fleet?.stop();
  await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-clocks-'));
});

/**
 * The wall clock of one server. `aheadMs`: the time by which it is ahead at first. `set` makes the clock jump, and resolves when the server
 * uses the new time.
 */
class Clock {
  private readonly file: string;
  readonly env: Record<string, string>;

  constructor(name: string, aheadMs: number) {
    this.file = join(home, name);
    this.env = { WALL_CLOCK_FILE: this.file, NODE_OPTIONS: `--import ${PRELOAD}` };
    this.write(aheadMs);
  }

  async set(aheadMs: number): Promise<void> {
    this.write(aheadMs);
    await until(() => readFileSync(`${this.file}.seen`, 'utf8') === String(aheadMs));
  }

  private write(aheadMs: number): void {
    writeFileSync(`${this.file}.new`, String(aheadMs));
    renameSync(`${this.file}.new`, this.file);
  }
}

async function start(type: ServerType, name: string, aheadMs: number): Promise<{ server: FleetServer; clock: Clock }> {
  const clock = new Clock(`${type}-${name}`, aheadMs);
  return { server: await fleet.start(type, name, clock.env), clock };
}

/** Starts a game of two players. `untilPassed` resolves when the first turn is over. Its value is the length of the turn, in ms. */
async function game(): Promise<{ room: Room<TicTacToe>; untilPassed: () => Promise<number> }> {
  const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
  const since = performance.now();
  let passedAt: number | null = null;
  rooms[0].on('event', ({ name }) => {
    if (name === 'passed') passedAt ??= performance.now();
  });
  const untilPassed = async (): Promise<number> => {
    await until(() => passedAt !== null, 30_000);
    return (passedAt as unknown as number) - since;
  };
  return { room: rooms[0], untilPassed };
}

function expectOneTurn(ms: number): void {
  expect(ms).toBeGreaterThan(TURN_MS - SLACK_MS);
  expect(ms).toBeLessThan(TURN_MS + SLACK_MS);
}

async function admin<Answer>(method: 'GET' | 'POST', path: string): Promise<Answer> {
  const response = await fetch(`${fleet.gateways[0].opsUrl}/api/${path}`, { method, headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Answer;
}

function migrate(room: { id: string }): Promise<unknown> {
  return admin('POST', `rooms/${room.id}/migrate`);
}

describe('a turn of a game', () => {
  beforeEach(async () => {
    fleet = await startFleet({ games: 0, testGames: { turnMs: TURN_MS } });
  });

  it.each([
    ['a minute ahead', 0, MINUTE],
    ['an hour ahead', 0, HOUR],
    ['an hour behind', 0, -HOUR],
    ['two hours behind the clock of the previous server', HOUR, -HOUR],
  ])('keeps its length after a migration to a server whose clock is %s', async (_, from, to) => {
    await start('game', '1', from);
    await fleet.whole();
    const { room, untilPassed } = await game();
    await start('game', '2', to);
    await fleet.whole();
    await migrate(room);
    expectOneTurn(await untilPassed());
  });

  it.each([
    ['forward by 40 s', 40 * SECOND],
    ['back by 40 s', -40 * SECOND],
    ['forward by an hour', HOUR],
    ['back by an hour', -HOUR],
  ])("keeps its length when its server's clock jumps %s", async (_, byMs) => {
    const { clock } = await start('game', '1', 0);
    await fleet.whole();
    const { untilPassed } = await game();
    await clock.set(byMs);
    expectOneTurn(await untilPassed());
  });

  it.each([
    ['an hour ahead', 0, HOUR],
    ['an hour behind', 0, -HOUR],
    ['two hours ahead of the clock of the killed one', -HOUR, HOUR],
  ])("keeps its remaining time after a kill of its server when the next server's clock is %s", async (_, from, to) => {
    const { server } = await start('game', '1', from);
    await fleet.whole();
    const { room, untilPassed } = await game();
    await until(async () => (await fleet.redis.client.keys(redisName(`alive:${serverId('game', '1')}:*`))).length > 0);
    await start('game', '2', to);
    await fleet.whole();
    const killedAt = performance.now();
    server.kill();
    await room.waitFor(({ status }) => status === 'paused', { timeoutMs: 10_000 });
    await room.waitFor(({ status }) => status === 'playing', { timeoutMs: 20_000 });
    const pausedMs = performance.now() - killedAt;
    const ms = await untilPassed();
    expect(ms).toBeGreaterThan(TURN_MS - SLACK_MS);
    // The downtime extends the turn. The downtime is counted from the last heartbeat, which is at most a second before the kill.
    expect(ms).toBeLessThan(TURN_MS + pausedMs + SECOND + SLACK_MS);
  });
});

describe('the time of a room', () => {
  it("follows the store's clock on every owner, and never goes back", async () => {
    fleet = await startFleet({ games: 0 });
    await start('game', '1', HOUR);
    await fleet.whole();
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await start('game', '2', -HOUR);
    await fleet.whole();
    const times: number[] = [];
    for (const [cell, room] of [rooms[0], rooms[1], rooms[0], rooms[1]].entries()) {
      if (cell > 0) await migrate(rooms[0]);
      await room.send('place', { cell });
      const { changes } = await admin<{ changes: { at: number }[] }>('GET', `rooms/${rooms[0].id}/history`);
      times.push(...changes.map(({ at }) => at));
      expect(Math.abs(Date.now() - (times.at(-1) as number))).toBeLessThan(5 * SECOND);
    }
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});

describe('a fleet whose servers have clocks that differ by two hours', () => {
  it('lists rooms in the order of their creation', async () => {
    fleet = await startFleet({ lobbies: 0 });
    const { server } = await start('lobby', '1', HOUR);
    await fleet.whole();
    const elder = await (await fleet.newPlayer('Ada')).createRoom({ game: 'tic-tac-toe' });
    server.kill();
    await server.exited;
    await start('lobby', '2', -HOUR);
    await fleet.whole();
    const bob = await fleet.newPlayer('Bob');
    const younger = await bob.createRoom({ game: 'tic-tac-toe' });
    expect((await bob.rooms()).map(({ id }) => id)).toEqual([younger.id, elder.id]);
  });

  it('resumes each session at another gateway', async () => {
    fleet = await startFleet({ gateways: 0, lobbies: 0 });
    const { server } = await start('gateway', '1', HOUR);
    await start('gateway', '2', -HOUR);
    await start('lobby', '1', -HOUR);
    await fleet.whole();
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    server.kill();
    await rooms[0].send('place', { cell: 0 });
    await rooms[1].waitFor(({ state }) => state?.cells[0] === 0, { timeoutMs: 10_000 });
    await rooms[1].send('place', { cell: 1 });
    await rooms[0].waitFor(({ state }) => state?.cells[1] === 1, { timeoutMs: 10_000 });
  });
});

describe('a server whose clock is wrong', () => {
  it('logs and reports the offset of its clock until the clock is correct again', async () => {
    fleet = await startFleet({ games: 0 });
    const { server, clock } = await start('game', '1', -HOUR);
    const { server: right } = await start('game', '2', 0);
    const offsetOf = async ({ id }: FleetServer): Promise<number> =>
      (await admin<{ clockOffsetMs: number }>('GET', `servers/${id}`)).clockOffsetMs;
    const isNear = (value: number, wanted: number): boolean => Math.abs(value - wanted) < SECOND;
    await until(() => server.logged('server.clock-wrong').length > 0);
    expect(server.logged('server.clock-wrong')).toMatchObject([{ warnMs: SECOND }]);
    await until(async () => isNear(await offsetOf(server), -HOUR));
    const [, seconds] = /^holdfast_clock_offset_seconds\{[^}]*\} (\S+)/m.exec((await server.ops('/metrics')).text) ?? [];
    expect(isNear(Number(seconds) * SECOND, -HOUR)).toBe(true);

    await clock.set(0);
    await until(() => server.logged('server.clock-right').length > 0, 10_000);
    await until(async () => isNear(await offsetOf(server), 0));
    expect(isNear(await offsetOf(right), 0)).toBe(true);
    expect(right.logged('server.clock-wrong')).toEqual([]);
  });
});

describe('the token of a player', () => {
  it.each([
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
  ])('expires at the right time at a gateway whose clock is %s', async (_, aheadMs) => {
    fleet = await startFleet({ gateways: 0, lobbies: 0, games: 0, env: { AUTH: 'jwt', AUTH_JWT_SECRET: JWT_SECRET } });
    const { server } = await start('gateway', '1', aheadMs);
    const signed = (exp: number, nbf: number): Promise<string> =>
      new SignJWT({ sub: 'ada', nbf: Math.floor(nbf / SECOND), exp: Math.floor(exp / SECOND) })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(JWT_SECRET));
    const come = async (token: string): Promise<void> => (await connect(server.publicUrl, { token })).detach();
    const now = Date.now();
    await come(await signed(now + MINUTE, now - SECOND));
    await expect(signed(now - MINUTE, now - HOUR).then(come)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(signed(now + HOUR, now + MINUTE).then(come)).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
