import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { connect, type Session } from '#libs/client/node';
import type { RoomView } from '#libs/protocol';
import { ADMIN_TOKEN, type Fleet, startFleet, until } from './harness/index.js';

const SERVICE_TOKEN = 'a service token for tests';
const SECRET = 'a-secret-of-at-least-thirty-two-bytes';

interface Answer {
  readonly status: number;
  readonly body: { readonly id: string; readonly room: RoomView | null; readonly code?: string; readonly message?: string };
}

describe('the service API of two lobbies', () => {
  let fleet: Fleet;
  const sessions: Session[] = [];

  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2, env: { SERVICE_TOKEN, AUTH: 'jwt', AUTH_JWT_SECRET: SECRET } });
  }, 60_000);
  afterEach(() => {
    for (const session of sessions.splice(0)) session.close();
  });
  afterAll(() => fleet.stop());

  const login = async (user: string): Promise<Session> => {
    const token = await new SignJWT({ name: `Name of ${user}` })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(user)
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));
    const session = await connect(
      fleet.gateways.map(({ publicUrl }) => publicUrl),
      { token },
    );
    sessions.push(session);
    return session;
  };

  const newUsers = (count: number): string[] => Array.from({ length: count }, (_, index) => `u${index}-${randomUUID().slice(0, 13)}`);

  async function call(
    method: string,
    path: string,
    { body, key = randomUUID(), lobby = 0, token = SERVICE_TOKEN }: CallOptions = {},
  ): Promise<Answer> {
    const response = await fetch(`${fleet.lobbies[lobby].opsUrl}/service/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(key !== null && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }
  interface CallOptions {
    readonly body?: unknown;
    readonly key?: string | null;
    readonly lobby?: number;
    readonly token?: string;
  }

  const roomOf = (users: readonly string[], more: object = {}) => ({
    game: 'tic-tac-toe',
    users: users.map((user) => ({ user })),
    ...more,
  });

  it('creates a room for users who are connected and for users who connect later', async () => {
    const [ada, bob] = newUsers(2);
    const session = await login(ada);
    const { status, body } = await call('POST', 'rooms', { body: roomOf([ada, bob], { private: true, name: 'Final' }) });
    expect([status, body.room]).toMatchObject([
      200,
      {
        name: 'Final',
        owner: ada,
        status: 'waiting',
        members: [
          { user: ada, name: `Name of ${ada}`, here: true },
          { user: bob, here: false },
        ],
      },
    ]);
    await until(() => session.room?.id === body.id);
    const late = await login(bob);
    await until(() => late.room?.id === body.id);
    await until(() => session.room?.view.members.every(({ here }) => here) === true);
  });

  it('starts and ends a game with members who are not ready', async () => {
    const users = newUsers(2);
    const session = await login(users[0]);
    const { body } = await call('POST', 'rooms', { body: roomOf(users) });
    const [key, endKey] = [randomUUID(), randomUUID()];
    const started = await call('POST', `rooms/${body.id}/start`, { key, body: { waitMs: 5_000 } });
    expect([started.status, started.body.room?.status]).toEqual([200, 'playing']);
    await until(() => session.room?.status === 'playing');
    expect(await call('POST', `rooms/${body.id}/start`, { key, lobby: 1, body: { waitMs: 5_000 } })).toEqual(started);
    const ended = await call('POST', `rooms/${body.id}/end`, { key: endKey, body: { note: 'The tournament is over.', close: true } });
    expect(ended).toEqual({ status: 200, body: { id: body.id, room: null } });
    await until(() => session.room === null);
    expect(
      await call('POST', `rooms/${body.id}/end`, { key: endKey, lobby: 1, body: { note: 'The tournament is over.', close: true } }),
    ).toEqual(ended);
    expect(await call('GET', `rooms/${body.id}`, { key: null })).toMatchObject({ status: 404, body: { code: 'room-unknown' } });
  });

  it('adds a user to a locked room', async () => {
    const [ada, bob] = newUsers(2);
    const [first, second] = [await login(ada), await login(bob)];
    const { body } = await call('POST', 'rooms', { body: roomOf([ada], { private: true, locked: true }) });
    const put = { key: randomUUID(), body: { user: bob, name: ' B o b ' } };
    const joined = await call('POST', `rooms/${body.id}/users`, put);
    expect(joined.body.room?.members).toMatchObject([{ user: ada }, { user: bob, name: 'B o b', here: true }]);
    await until(() => second.room?.id === body.id);
    expect(await call('POST', `rooms/${body.id}/users`, { ...put, lobby: 1 })).toEqual(joined);
    const taken = await call('DELETE', `rooms/${body.id}/users/${ada}`);
    expect(taken.body.room?.members.map(({ user }) => user)).toEqual([bob]);
    await until(() => first.room === null);
    expect((await call('DELETE', `rooms/${body.id}/users/${ada}`)).status).toBe(200);
    expect(second.room?.id).toBe(body.id);
  });

  it('answers concurrent repeats of a request at both lobbies with one result', async () => {
    const users = newUsers(2);
    const [key, body] = [randomUUID(), roomOf(users)];
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => call('POST', 'rooms', { key, body, lobby: index % 2 })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0].status).toBe(200);
    expect(await roomsOf(users[0])).toEqual([answers[0].body.id]);
  });

  /** Reads the records of all rooms, and returns the rooms of which the user is a member. */
  async function roomsOf(user: string): Promise<string[]> {
    const { client } = fleet.store;
    const ids = await client.zrange(fleet.redisName('rooms'), '0', '-1');
    const docs = await Promise.all(ids.map((id) => client.hget(fleet.redisName(`room:{${id}}`), 'doc')));
    return ids.filter((_, index) => docs[index]?.includes(user));
  }

  it('completes a repeated request that a killed lobby had begun to execute', async () => {
    for (let delayMs = 0; delayMs < 40; delayMs += 4) {
      const users = newUsers(2);
      const [key, body] = [randomUUID(), roomOf(users)];
      const first = call('POST', 'rooms', { key, body }).catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      fleet.lobbies[0].kill();
      await first;
      await until(async () => (await call('POST', 'rooms', { key, body, lobby: 1 })).status === 200, 15_000);
      const { body: answer } = await call('POST', 'rooms', { key, body, lobby: 1 });
      expect(answer.room?.members.map(({ user }) => user)).toEqual(users);
      expect(await roomsOf(users[0])).toEqual([answer.id]);
      const session = await login(users[1]);
      await until(() => session.room?.id === answer.id);
      await fleet.restart(fleet.lobbies[0]);
    }
  }, 180_000);

  it.each([
    ['the token of the admin API', { token: ADMIN_TOKEN }, 401, 'unauthorized'],
    ['no key', { key: null, body: roomOf(['a']) }, 400, 'bad-data'],
    ['a key with blanks', { key: 'a b', body: roomOf(['a']) }, 400, 'bad-data'],
    ['no users', { body: roomOf([]) }, 400, 'bad-data'],
    ['a user twice', { body: roomOf(['a', 'a']) }, 400, 'bad-data'],
    ['more users than seats', { body: roomOf(['a', 'b', 'c']) }, 400, 'bad-data'],
    ['an unknown field', { body: roomOf(['a'], { colour: 'red' }) }, 400, 'bad-data'],
    ['an unknown game', { body: { ...roomOf(['a']), game: 'no-game' } }, 409, 'unknown-game'],
    ['options that the game refuses', { body: roomOf(['a'], { options: { a: 1 } }) }, 400, 'bad-data'],
    ['a body of a megabyte', { body: roomOf(['a'], { name: 'x'.repeat(1_000_000) }) }, 413, undefined],
  ])('refuses a room with %s', async (_, options, status, code) => {
    const answer = await call('POST', 'rooms', options as CallOptions);
    expect([answer.status, code && answer.body.code]).toEqual([status, code]);
  });

  it('refuses users who are in another room, and names these users', async () => {
    const [ada, bob] = newUsers(2);
    const { body } = await call('POST', 'rooms', { body: roomOf([ada]) });
    const answer = await call('POST', 'rooms', { body: roomOf([bob, ada]) });
    expect(answer).toMatchObject({ status: 409, body: { code: 'already-in-room', message: expect.stringContaining(ada) } });
    expect([await roomsOf(ada), await roomsOf(bob)]).toEqual([[body.id], []]);
    const other = await call('POST', 'rooms', { body: roomOf([bob]) });
    expect(await call('POST', `rooms/${other.body.id}/users`, { body: { user: ada } })).toMatchObject({
      body: { code: 'already-in-room' },
    });
  });

  it('refuses an idempotency key that belongs to a different request', async () => {
    const [key, [ada, bob]] = [randomUUID(), newUsers(2)];
    await call('POST', 'rooms', { key, body: roomOf([ada]) });
    expect(await call('POST', 'rooms', { key, body: roomOf([bob]) })).toMatchObject({ status: 409, body: { code: 'key-reused' } });
  });

  it('shows its OpenAPI description only for the service token', async () => {
    const url = `${fleet.lobbies[0].opsUrl}/service/docs-json`;
    expect((await fetch(url, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })).status).toBe(401);
    const response = await fetch(url, { headers: { authorization: `Bearer ${SERVICE_TOKEN}` } });
    const { paths } = (await response.json()) as {
      paths: Record<string, Record<string, { parameters?: { name: string }[]; requestBody?: object }>>;
    };
    expect(Object.keys(paths).sort()).toEqual([
      '/service/rooms',
      '/service/rooms/{id}',
      '/service/rooms/{id}/end',
      '/service/rooms/{id}/start',
      '/service/rooms/{id}/users',
      '/service/rooms/{id}/users/{user}',
    ]);
    expect(paths['/service/rooms'].post.parameters?.map(({ name }) => name)).toContain('Idempotency-Key');
    expect(JSON.stringify(paths['/service/rooms'].post.requestBody)).toContain('users');
  });
});
