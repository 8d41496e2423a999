import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chess } from '#games/chess';
import type { TicTacToe } from '#games/tic-tac-toe';
import { connect } from '#libs/client/node';
import { redisName } from '#libs/redis';
import { ROOT } from '../../tools/process/paths.mjs';
import { onPath } from '../../tools/redis/find-redis.mjs';
import { ADMIN_TOKEN, type Fleet, LedgerGame, startFleet, until } from '../harness/index.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const TURN_MS = 5_000;
/** Tolerance of the measured times, in ms. It covers a busy machine, the pause of a migration, and the polling of the test. */
const SLACK_MS = 1_500;
/** The time that chess adds to a player's clock with each move, in ms. */
const INCREMENT_MS = 5_000;

const compiler = onPath('cc', process.env) ?? onPath('gcc', process.env);
if (!compiler) console.warn('A step of Redis’ clock is not tested: it needs a C compiler, and there is no `cc` here.');
const describeWithCompiler = compiler ? describe : describe.skip;

/** The wall clock of a redis-server. A preloaded library reads this clock from a file. */
class StoreHostClock {
  private constructor(
    private readonly file: number,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  static async in(folder: string): Promise<StoreHostClock> {
    const library = join(folder, 'set-clock.so');
    execFileSync(compiler as string, ['-shared', '-fPIC', '-O2', '-o', library, join(ROOT, 'test/fixtures/set-clock.c')]);
    const path = join(folder, 'clock');
    await writeFile(path, Buffer.alloc(8));
    return new StoreHostClock(openSync(path, 'r+'), { LD_PRELOAD: library, SET_CLOCK_FILE: path });
  }

  /** Sets the clock ahead of this machine's clock by `aheadMs`. A negative value sets it behind. */
  set(aheadMs: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(aheadMs));
    writeSync(this.file, bytes, 0, 8, 0);
  }

  close(): void {
    closeSync(this.file);
  }
}

describeWithCompiler.each([
  ['ahead by an hour', HOUR],
  ['back by an hour', -HOUR],
])('a fleet whose Redis machine has its clock set %s during games', (_, byMs) => {
  let home: string;
  let clock: StoreHostClock;
  let fleet: Fleet;
  let games: LedgerGame[];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-store-clock-'));
    clock = await StoreHostClock.in(home);
    fleet = await startFleet({
      gateways: 2,
      lobbies: 1,
      games: 2,
      testGames: { turnMs: TURN_MS },
      redis: { appendonly: true, env: clock.env },
    });
    games = await LedgerGame.many(fleet, 2);
    await Promise.all(games.map((game) => game.goesOn()));
    expect(await storeAheadMs()).toBeLessThan(SECOND);
  }, 60_000);
  afterEach(async () => {
    await fleet.stop();
    clock.close();
    await rm(home, { recursive: true });
  });

  async function storeAheadMs(): Promise<number> {
    const [seconds] = (await fleet.redis.client.time()) as unknown as [number | string];
    return Number(seconds) * SECOND - Date.now();
  }

  /** Sets the clock of the store. Causes no other fault. */
  async function step(): Promise<void> {
    clock.set(byMs);
    expect(Math.abs((await storeAheadMs()) - byMs)).toBeLessThan(2 * SECOND);
  }

  /** Starts a game of two players. `lasts` resolves when the first turn is over. Its value is the length of the turn, in ms. */
  async function turn() {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const since = performance.now();
    let passedAt: number | null = null;
    rooms[0].on('event', ({ name }) => {
      if (name === 'passed') passedAt ??= performance.now();
    });
    const lasts = async (): Promise<number> => {
      await until(() => passedAt !== null, 30 * SECOND);
      return (passedAt as unknown as number) - since;
    };
    return { room: rooms[0], lasts };
  }

  async function expectAllIsWell(): Promise<void> {
    await Promise.all(games.map((game) => game.goesOn()));
    await Promise.all(games.map((game) => game.settled()));
    await fleet.whole();
    for (const server of fleet.servers.filter(({ exit }) => !exit)) {
      expect(server.logged('server.condemned')).toEqual([]);
      expect(server.logged('server.evicted').filter(({ reason }) => reason !== 'refused')).toEqual([]);
    }
    const anew = await fleet.twoPlayersInAGame('tic-tac-toe');
    await anew.rooms[0].leave();
    await Promise.all(games.map((game) => game.leave()));
  }

  it('does not change the length of turns', async () => {
    const { lasts } = await turn();
    await step();
    const first = await lasts();
    expect(first).toBeGreaterThan(TURN_MS - SLACK_MS);
    expect(first).toBeLessThan(TURN_MS + SLACK_MS);
    const second = await turn();
    clock.set(0);
    expect(Math.abs((await second.lasts()) - TURN_MS)).toBeLessThan(SLACK_MS);
    await expectAllIsWell();
  }, 60_000);

  it('resumes a session at another gateway when the session record has expired', async () => {
    const [first, second] = fleet.gateways;
    const ada = await fleet.newPlayer('Ada', { gateway: first });
    const room = await ada.createRoom({ game: 'tic-tac-toe', private: true });
    await step();
    ada.detach();
    // Until the first gateway has restored the session, the other gateway asks the player to wait.
    const refusals: unknown[] = [];
    const again = await until(
      () =>
        connect(second.publicUrl, ada.credentials).catch((error) => {
          refusals.push(error.code);
          return null;
        }),
      10 * SECOND,
      100,
    );
    expect(refusals.filter((code) => code !== 'unavailable')).toEqual([]);
    expect(again.user).toBe(ada.user);
    await until(() => again.room?.id === room.id);
    await again.room?.leave();
    again.close();
    await expectAllIsWell();
  }, 60_000);

  it('continues a search for a match, even after another lobby has begun to run the matchmaking rounds', async () => {
    const [ada, bob] = await Promise.all(['Ada', 'Bob'].map((name) => fleet.newPlayer(name)));
    const ends: unknown[] = [];
    ada!.on('match', ({ event }) => event === 'expired' && ends.push(event));
    // A search in the game `rumble` expires after 60 s.
    const found = ada!.quickMatch('rumble');
    found.catch(() => {});
    await until(async () => (await ada!.me()).searching === 'rumble');
    const waitedMs = async (): Promise<number> => {
      const status = await ada!.matchStatus();
      return status?.event === 'searching' ? (status.waitedMs ?? Number.NaN) : Number.NaN;
    };
    const expectWaiting = async (): Promise<void> => {
      await until(async () => Number.isFinite(await waitedMs()), 20 * SECOND);
      expect(await waitedMs()).toBeGreaterThanOrEqual(0);
      expect(await waitedMs()).toBeLessThan(30 * SECOND);
    };
    await step();
    await expectWaiting();
    const [lobby] = fleet.lobbies;
    lobby!.kill();
    await fleet.restart(lobby!);
    await expectWaiting();
    clock.set(0);
    await expectWaiting();
    expect(ends).toEqual([]);
    const other = await bob!.quickMatch('rumble');
    expect((await found).id).toBe(other.id);
    await Promise.all([ada, bob].map((player) => player!.room?.leave()));
    await expectAllIsWell();
  }, 90_000);

  it('extends a turn only by the downtime of its room when the game server is killed', async () => {
    const { room, lasts } = await turn();
    await until(async () => (await fleet.redis.client.keys(redisName('alive:*'))).length >= 2);
    const owner = await fleet.ownerOf(room);
    await step();
    const killedAt = performance.now();
    owner.kill();
    await room.waitFor(({ status }) => status === 'paused', { timeoutMs: 10 * SECOND });
    await room.waitFor(({ status }) => status === 'playing', { timeoutMs: 20 * SECOND });
    const pausedMs = performance.now() - killedAt;
    expect(pausedMs).toBeLessThan(3 * SECOND);
    const ms = await lasts();
    expect(ms).toBeGreaterThan(TURN_MS - SLACK_MS);
    // The downtime extends the turn. The downtime is counted from the last heartbeat, which can be up to a second before the kill.
    expect(ms).toBeLessThan(TURN_MS + pausedMs + SECOND + SLACK_MS);
    await expectAllIsWell();
  }, 60_000);

  it('never sets the room time of a room back, even when the room gets a new owner', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    const since: number[] = [];
    const clocks: number[] = [];
    const startedAt = performance.now();
    let paused = 0;
    const move = async (seat: 0 | 1, san: string): Promise<void> => {
      await rooms[seat].send('move', { san });
      const state = rooms[seat].state?.clocks;
      since.push(state?.runningSince ?? Number.NaN);
      clocks.push((state?.white ?? 0) + (state?.black ?? 0));
    };
    const loseOwner = async (): Promise<void> => {
      const owner = await fleet.ownerOf(rooms[0]);
      const killedAt = performance.now();
      owner.kill();
      await owner.exited;
      await until(async () => (await fleet.ownerOf(rooms[0])) !== owner, 10 * SECOND);
      await rooms[0].waitFor(({ status }) => status === 'playing', { timeoutMs: 10 * SECOND });
      paused += performance.now() - killedAt;
      await fleet.restart(owner);
      await fleet.whole();
    };
    await move(0, 'e4');
    await step();
    await move(1, 'e5');
    await loseOwner();
    await move(0, 'Nf3');
    const response = await fetch(`${fleet.gateways[0].opsUrl}/api/rooms/${rooms[0].id}/migrate`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect(response.status).toBeLessThan(300);
    await move(1, 'Nc6');
    clock.set(0);
    await move(0, 'Bb5');
    await loseOwner();
    await move(1, 'a6');
    expect(since).toEqual(since.toSorted((a, b) => a - b));
    // The players' clocks must lose only the real thinking time, and not the hour by which the store's clock jumped.
    const taken = clocks[0] + (clocks.length - 1) * INCREMENT_MS - (clocks.at(-1) as number);
    expect(taken).toBeGreaterThanOrEqual(-SLACK_MS);
    expect(taken).toBeLessThan(performance.now() - startedAt - paused + 2 * (SECOND + SLACK_MS));
    await expectAllIsWell();
  }, 60_000);
});
