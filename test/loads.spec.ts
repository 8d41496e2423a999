import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { connect, type Room, type Session } from '#libs/client/node';
import { type Fleet, startFleet, until } from './harness/index.js';

interface Profiles {
  setup(): { ranks: (number | null)[]; loaded: { by: string; names: string[] } };
}

const SECRET = 'a secret of at least thirty-two bytes for tests';

let fleet: Fleet;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-loads-'));
  const env = {
    AUTH: 'jwt',
    AUTH_JWT_SECRET: SECRET,
    AUTH_JWT_CLAIMS: 'rank',
    TEST_LOADS: join(dir, 'loads'),
    TEST_LOADS_WAIT: join(dir, 'wait'),
  };
  fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2, testGames: { turnMs: 60_000 }, env });
}, 60_000);
afterAll(async () => {
  for (const session of sessions) session.detach();
  await fleet.stop();
  await rm(dir, { recursive: true });
});

const sessions: Session[] = [];

async function logIn(user: string, claims: Record<string, unknown> = {}, gateway = 0): Promise<Session> {
  const token = await new SignJWT({ sub: user, name: user, email: `${user}@example.org`, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));
  const session = await connect([fleet.gateways[gateway]!.publicUrl], { token });
  sessions.push(session);
  return session;
}

/** Returns one entry for each load, oldest first: the name of the server that ran the load, and the key of the game start. */
async function loads(): Promise<string[][]> {
  const text = await readFile(join(dir, 'loads'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ')]));
}

async function readyRoom(ada: Session, bob: Session, options?: Record<string, unknown>): Promise<[Room<Profiles>, Room<Profiles>]> {
  const room = await ada.createRoom<Profiles>({ game: 'profiles', private: true, ...(options && { options }) });
  const other = await bob.joinRoom<Profiles>(room.id);
  await other.ready();
  return [room, other];
}

describe('a game that loads data before its start', () => {
  it('gets the loaded data and the claims of its players', async () => {
    const [room, other] = await readyRoom(await logIn('ada', { rank: 7 }), await logIn('bob', {}, 1));
    await room.start();
    await other.waitFor(({ state }) => state !== undefined);
    expect(other.state).toEqual({ ranks: [7, null], loaded: { by: expect.any(String), names: ['ada', 'bob'] } });
    expect(JSON.stringify([other.view, other.players])).not.toMatch(/rank|claims|example\.org/);
    await room.leave();
    await other.leave();
  }, 30_000);

  it('does not start when the load refuses the start', async () => {
    const [room, other] = await readyRoom(await logIn('ann', {}), await logIn('ben', {}, 1), { refuse: true });
    await expect(room.start()).rejects.toMatchObject({ code: 'no-profile', message: 'Bob has no profile.' });
    const failure = { code: 'no-profile', message: 'Bob has no profile.' };
    await other.waitFor(({ view }) => view.startFailure !== undefined);
    expect(other.view).toMatchObject({ status: 'waiting', startFailure: failure });
    await room.leave();
    await other.leave();
  }, 30_000);

  it('loads its data on another server when the first server dies during the load', async () => {
    const [room, other] = await readyRoom(await logIn('amy', { rank: 1 }), await logIn('bert', { rank: 2 }, 1));
    await writeFile(join(dir, 'wait'), '');
    const before = (await loads()).length;
    const starting = room.start();
    await until(async () => (await loads()).length === before + 1);
    const [name] = (await loads()).at(-1)!;
    const first = fleet.games.find((server) => server.name === name)!;
    first.kill();
    await first.exited;
    await until(async () => (await loads()).length === before + 2, 15_000);
    await rm(join(dir, 'wait'));
    await starting;
    await other.waitFor(({ state }) => state !== undefined);
    const two = (await loads()).slice(before);
    expect(two[1]![0]).not.toBe(name);
    expect(two[0]![1]).toBe(two[1]![1]);
    const { state } = other;
    expect(state).toEqual({ ranks: [1, 2], loaded: { by: two[1]![0], names: ['amy', 'bert'] } });
    const owner = await fleet.ownerOf(room);
    await fleet.start('game', 'next');
    owner.kill();
    await until(async () => (await fleet.ownerOf(room)) !== owner, 15_000);
    await other.waitFor(({ status }) => status === 'playing', { timeoutMs: 15_000 });
    expect(other.state).toEqual(state);
    expect(await loads()).toHaveLength(before + 2);
  }, 60_000);
});

describe('the claims of a player', () => {
  it('come from the latest login before the start of the game', async () => {
    const ada = await logIn('cleo', { rank: 3 });
    const bob = await logIn('dan', { rank: 4 });
    const [room, other] = await readyRoom(ada, bob);
    const next = await logIn('dan', { rank: 5 }, 1);
    await until(() => next.room !== null);
    await next.room!.ready();
    await room.start();
    await (next.room as Room<Profiles>).waitFor(({ state }) => state !== undefined);
    expect((next.room as Room<Profiles>).state?.ranks).toEqual([3, 5]);
    expect(other.status).toBeDefined();
  }, 30_000);
});
