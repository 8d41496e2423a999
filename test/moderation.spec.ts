import { SignJWT } from 'jose';
import type { Chess } from '#games/chess';
import { openChat } from '#libs/client/chat';
import { connect, type Room, type Session } from '#libs/client/node';
import type { HoldfastError } from '#libs/protocol';
import { ADMIN_TOKEN, type Fleet, type FleetServer, startFleet, until } from './harness/index.js';

const JWT_SECRET = 'a secret of thirty-two characters';
const VIEWER_TOKEN = 'the token of a screen';

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each route answers differently
  readonly body: any;
}

describe('a fleet whose operators moderate players', () => {
  let fleet: Fleet;
  const open: Session[] = [];

  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 2,
      games: 1,
      env: { AUTH: 'jwt', AUTH_JWT_SECRET: JWT_SECRET, ADMIN_TOKEN: `ada=${ADMIN_TOKEN}`, VIEWER_TOKEN: `wall=${VIEWER_TOKEN}` },
    });
  }, 60_000);
  afterAll(async () => {
    for (const session of open) session.close();
    await fleet.stop();
  });

  /** Calls the admin API of the first gateway. The players of most tests are at the second one. */
  async function ask(method: string, path: string, body?: object, token = ADMIN_TOKEN): Promise<Answer> {
    const response = await fetch(`${fleet.gateways[0].opsUrl}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  async function login(user: string, gateway: FleetServer = fleet.gateways[1]): Promise<Session> {
    const claims = new SignJWT({ name: `Player ${user}` }).setProtectedHeader({ alg: 'HS256' }).setSubject(user).setExpirationTime('1h');
    const token = await claims.sign(new TextEncoder().encode(JWT_SECRET));
    const session = await connect(gateway.publicUrl, { token });
    open.push(session);
    return session;
  }

  /** Starts a game. Returns the room as the host sees it. */
  async function gameOf(host: Session, guest: Session): Promise<Room<Chess>> {
    const room = await host.createRoom<Chess>({ game: 'chess', private: true });
    const same = await guest.joinRoom<Chess>(room.id);
    await same.ready();
    await room.start();
    await same.waitFor(({ state }) => state !== undefined, { timeoutMs: 5_000 });
    return room;
  }

  const endOf = (session: Session): Promise<HoldfastError | null> => new Promise((resolve) => session.on('closed', resolve));

  it('removes a kicked player from the room, sends the reason, and accepts a new login of the player', async () => {
    const [kicked, other] = [await login('kim'), await login('otto', fleet.gateways[0])];
    const room = await gameOf(kicked, other);
    const before = await ask('GET', 'players?q=KIM');
    expect(before.body).toMatchObject({
      matched: 1,
      missing: [],
      players: [{ user: 'kim', name: 'Player kim', gateway: fleet.gateways[1].id, connected: true, address: '127.0.0.1', room: room.id }],
    });

    const ended = endOf(kicked);
    const answer = await ask('POST', 'players/kim/kick', { note: 'rude' });
    expect(answer).toMatchObject({ status: 200, body: { user: 'kim', kicked: true, act: expect.any(String) } });
    expect(await ended).toMatchObject({ code: 'kicked', retry: false });
    await until(async () => (await ask('GET', 'players/kim')).body.room === null);
    expect((await ask('GET', 'players/kim')).body).toMatchObject({ name: null, session: null, connection: null });

    await login('kim');
    expect((await ask('GET', 'players/kim')).body).toMatchObject({ connection: { connected: true }, ban: null });
    const { body } = await ask('GET', 'audit?target=kim&act=player.kick');
    expect(body.acts).toMatchObject([{ actor: 'ada', role: 'operator', note: 'rude', outcome: 'done', result: { kicked: true } }]);
  }, 30_000);

  it('refuses every login and resume of a banned player at every gateway, until the ban is lifted', async () => {
    const banned = await login('bea');
    const ended = endOf(banned);
    expect((await ask('POST', 'players/bea/ban', { note: 'cheats' })).body).toMatchObject({
      kicked: true,
      ban: { by: 'ada', until: null },
    });
    expect(await ended).toMatchObject({ code: 'suspended', retry: false });
    for (const gateway of fleet.gateways) await expect(login('bea', gateway)).rejects.toMatchObject({ code: 'suspended' });
    await expect(login('ben')).resolves.toMatchObject({ user: 'ben' });
    expect((await ask('GET', 'players/bea')).body).toMatchObject({ session: null, ban: { note: 'cheats' } });
    expect((await ask('GET', 'bans?q=bea')).body.sanctions).toMatchObject([{ user: 'bea', by: 'ada' }]);

    expect((await ask('DELETE', 'players/bea/ban?note=appeal')).body).toMatchObject({ lifted: true });
    await expect(login('bea')).resolves.toMatchObject({ user: 'bea' });
  }, 20_000);

  it('refuses the chat messages of a muted player', async () => {
    const muted = await login('mia');
    await muted.createRoom<Chess>({ game: 'chess' });
    const chat = await openChat(muted, { to: 'room' });
    await ask('POST', 'players/mia/mute', { until: Date.now() + 60_000 });
    await expect(chat.send('hello')).rejects.toMatchObject({ code: 'chat-muted' });
    await ask('DELETE', 'players/mia/mute');
    await expect(chat.send('hello')).resolves.toMatchObject({ text: 'hello' });
  }, 20_000);

  it('refuses a kick by an operator with the role `viewer`, and records the refusal', async () => {
    const player = await login('vic');
    expect((await ask('GET', 'whoami', undefined, VIEWER_TOKEN)).body).toMatchObject({ name: 'wall', role: 'viewer' });
    expect((await ask('GET', 'players/vic', undefined, VIEWER_TOKEN)).status).toBe(200);
    const refused = await ask('POST', 'players/vic/kick', { note: 'no' }, VIEWER_TOKEN);
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden', retry: false } });
    expect(player.status).toBe('open');
    const { body } = await ask('GET', 'audit?target=vic');
    expect(body.acts).toMatchObject([{ actor: 'wall', role: 'viewer', act: 'player.kick', outcome: 'refused', code: 'forbidden' }]);
  }, 20_000);

  it('answers requests that need Redis with 503 within seconds while Redis hangs, and still lists players', async () => {
    const player = await login('hal');
    fleet.redis.pause();
    try {
      const since = performance.now();
      const answers = await Promise.all([
        ask('POST', 'players/hal/kick'),
        ask('GET', 'audit'),
        ask('GET', 'rooms?q=x'),
        ask('GET', 'series'),
      ]);
      for (const { status, body } of answers) expect({ status, code: body.code }).toEqual({ status: 503, code: 'unavailable' });
      expect((await ask('GET', 'players?q=hal')).body).toMatchObject({ players: [{ user: 'hal' }] });
      expect(performance.now() - since).toBeLessThan(6_000);
    } finally {
      fleet.redis.resume();
    }
    expect(player.status).toBe('open');
  }, 30_000);

  it('lists players of all gateways page by page, and names a gateway that does not answer', async () => {
    for (const [index, user] of ['page-1', 'page-2', 'page-3'].entries()) await login(user, fleet.gateways[index % 2]);
    const first = (await ask('GET', 'players?q=page-&limit=2')).body;
    expect(first.players.map(({ user }: { user: string }) => user)).toEqual(['page-1', 'page-2']);
    const second = (await ask('GET', `players?q=page-&limit=2&after=${first.next}`)).body;
    expect(second).toMatchObject({ players: [{ user: 'page-3' }], next: null, matched: 3 });

    const silent = fleet.gateways[1];
    silent.kill('SIGSTOP');
    try {
      const answer = (await ask('GET', 'players?q=page-')).body;
      expect(answer.missing).toEqual([silent.id]);
      expect(answer.players.map(({ user }: { user: string }) => user)).toEqual(['page-1', 'page-3']);
    } finally {
      silent.kill('SIGCONT');
    }
  }, 30_000);

  it("marks a kicked player as away when the player's gateway dies before the gateway receives the kick", async () => {
    const [living, dying] = fleet.gateways;
    const [host, kicked] = [await login('hope', living), await login('kai', dying)];
    const room = await gameOf(host, kicked);
    dying.kill('SIGSTOP');
    expect((await ask('POST', 'players/kai/kick')).body).toMatchObject({ kicked: true });
    dying.kill();
    // The lobbies do not check the members of a room in play. So only the cleanup of the dead gateway can mark the player as away.
    await until(() => room.view.members.some(({ user, here }) => user === 'kai' && !here), 20_000);
  }, 40_000);
});
