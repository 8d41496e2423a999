import { createServer, connect as dial, type Socket } from 'node:net';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { connect } from '#libs/client/node';
import { encodePlayerMessage } from '#libs/protocol';
import { NOT_PLAIN, nestings, referenceBomb, type Sample } from '../tools/fuzz/src/not-plain.js';
import { ADMIN_TOKEN, type Fleet, RawPlayer, startFleet, until, type Way } from './harness/index.js';
import { startOnce } from './harness/start-once.js';

const SECRET_JWT = 'a secret of thirty-two characters or more';
const OTHER_LINK_SECRET = 'another secret of some length';
const UNSIGNED = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.';

function tokenOf(user: string): Promise<string> {
  return signed({ sub: user, exp: 4_102_444_800 });
}

function signed(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET_JWT));
}

describe('a fleet that receives bad input', () => {
  let fleet: Fleet;
  /** The session secrets that players received. */
  const told: string[] = [];
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, env: { HELLO_TIMEOUT_MS: '1500', LOG_LEVEL: 'debug' } });
  }, 60_000);
  afterAll(() => fleet.stop());

  /** After each test, all servers must run, and a new game must work. */
  afterEach(async () => {
    expect(fleet.servers.map(({ exit }) => exit)).toEqual(fleet.servers.map(() => null));
    const { rooms } = await fleet.twoPlayersInAGame('tic-tac-toe');
    await rooms[0].send('place', { cell: 4 });
    await rooms[0].leave();
  });

  const gateway = () => fleet.gateways[0];

  describe.each<Way>(['json', 'binary', 'tcp'])('over %s', (way) => {
    const garbage: Record<Way, readonly (Uint8Array | string)[]> = {
      json: ['{', '[]', 'null', '"hello"', '{"kind":"command","seq":"first"}', '\u0000'],
      binary: [
        Uint8Array.of(0x02, 0, 0, 0, 1, 2, 0x6d, 0x65, 0xc1),
        Uint8Array.of(0x02),
        Uint8Array.of(0x03, 0, 0),
        Uint8Array.of(0x05, 1),
      ],
      tcp: [Uint8Array.of(0x02, 0, 0, 0, 1, 2, 0x6d, 0x65, 0xc1), Uint8Array.of(0x02), Uint8Array.of(0x03, 0, 0), Uint8Array.of(0x05, 1)],
    };

    it.each(garbage[way].map((frame) => [frame]))('closes a connection with `bad-frame` after the frame %p', async (frame) => {
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', way);
      player.send(frame);
      expect(await player.hears('goodbye')).toMatchObject({ code: 'bad-frame' });
      await player.isClosedByServer();
    });

    it('closes a connection with `frame-too-large` after a frame that is too large', async () => {
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', way);
      player.say({ kind: 'request', id: 1, operation: 'rooms.create', data: { game: 'chess', name: 'x'.repeat(20_000) } });
      expect(await player.hears('goodbye')).toMatchObject({ code: 'frame-too-large' });
      await player.isClosedByServer();
    });

    it('answers a message of an unknown kind with an error, and keeps the connection open', async () => {
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', way);
      player.send(way === 'json' ? '{"kind":"dance","to":"the music"}' : Uint8Array.of(0x7f, 1, 2, 3));
      expect(await player.hears('error')).toMatchObject({ code: 'unknown-kind', retry: false });
      player.say({ kind: 'ping', nonce: 7 });
      expect(await player.hears('pong')).toEqual({ kind: 'pong', nonce: 7 });
      player.close();
    });

    it('ignores unknown fields of a hello', async () => {
      const player = await RawPlayer.connect(gateway(), way);
      player.say({ kind: 'hello', protocol: 1, name: 'Ada', colour: 'red' } as never);
      await player.hears('welcome');
      player.close();
    });

    it('refuses a command before the hello, and a second hello', async () => {
      const player = await RawPlayer.connect(gateway(), way);
      player.say({ kind: 'command', seq: 1, settled: 0, name: 'place', data: { cell: 0 } });
      await player.hears('error', ({ code }) => code === 'hello-first');
      player.say({ kind: 'request', id: 1, operation: 'me' });
      player.say({ kind: 'hello', protocol: 1, name: 'Ada' });
      await player.hears('welcome');
      player.say({ kind: 'hello', protocol: 1, name: 'Bea' });
      await player.hears('error', ({ code }) => code === 'already-welcome');
      expect((await player.asks(2, 'me')).data).toMatchObject({ name: 'Ada' });
      player.close();
    });

    it('closes a connection that sends no hello in time', async () => {
      const player = await RawPlayer.connect(gateway(), way);
      expect(await player.hears('goodbye')).toMatchObject({ code: 'hello-timeout' });
      await player.isClosedByServer();
    });

    it('answers each invalid request with the code of its error', async () => {
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', way);
      const wanted: [operation: string, data: unknown, code: string][] = [
        ['rooms.burn', undefined, 'unknown-operation'],
        ['room.open', { room: 'r', game: 'chess', start: 's', players: [] }, 'unknown-operation'],
        ['room.end', { room: 'r', result: { reason: 'operator' } }, 'unknown-operation'],
        ['rooms.join', { room: 'gone' }, 'room-unknown'],
        ['rooms.watch', { room: 'gone' }, 'room-unknown'],
        ['rooms.join', { room: 7 }, 'bad-data'],
        ['rooms.join', undefined, 'bad-data'],
        ['rooms.create', { game: 'chess', name: 'a\u0000b' }, 'bad-data'],
        ['rooms.list', { limit: -1 }, 'bad-data'],
        ['rooms.leave', undefined, 'not-in-room'],
        ['rooms.start', undefined, 'not-in-room'],
        ['match.find', { game: '__proto__' }, 'unknown-game'],
      ];
      for (const [index, [operation, data, code]] of wanted.entries()) {
        expect({ operation, error: (await player.asks(index, operation, data)).error }).toMatchObject({
          operation,
          error: { code, retry: false },
        });
      }
      player.say({ kind: 'command', seq: 1, settled: 0, name: 'place', data: { cell: 0 } });
      expect(await player.hears('rejected')).toMatchObject({ seq: 1, code: 'not-in-room' });
      player.close();
    });

    it('names the wrong field of a request and the rule that the field breaks', async () => {
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', way);
      const wanted: [operation: string, data: unknown, message: string][] = [
        ['rooms.join', undefined, 'is missing, and must be an object'],
        ['rooms.join', { room: 7 }, 'room: must be text'],
        ['rooms.list', { limit: -1 }, 'limit: must be at least 1'],
        ['rooms.create', { game: 'chess', name: 'x'.repeat(300) }, 'name: The name has 300 characters: at most 48 are allowed'],
        ['rooms.create', { game: 'chess', options: { fen: 7 } }, 'The options of the room are refused: fen: must be text'],
      ];
      for (const [index, [operation, data, message]] of wanted.entries())
        expect((await player.asks(index, operation, data)).error).toMatchObject({ code: 'bad-data', message });
      player.close();
    });

    it('refuses a hello with a wrong protocol version, name or session', async () => {
      const ada = await fleet.newPlayer('Ada');
      const { session, secret } = ada.credentials;
      told.push(secret);
      const hellos: [hello: object, code: string][] = [
        [{ protocol: 2, name: 'Ada' }, 'protocol-version'],
        [{ protocol: 1, name: '' }, 'unauthorized'],
        [{ protocol: 1, name: 'x'.repeat(33) }, 'unauthorized'],
        [{ protocol: 1, name: 'x'.repeat(300) }, 'unauthorized'],
        [{ protocol: 1, name: '\u3164' }, 'unauthorized'],
        [{ protocol: 1, name: 7 }, 'bad-frame'],
        [{ protocol: 1, session, secret: `${secret}x` }, 'session-unknown'],
        [{ protocol: 1, session: 'nobody', secret }, 'session-unknown'],
        [{ protocol: 1, session, secret: '' }, 'bad-data'],
        [{ protocol: 1, name: 'Ada', secret }, 'bad-data'],
        [{ protocol: 1, name: '', session: '', secret: '' }, 'unauthorized'],
      ];
      for (const [hello, code] of hellos) {
        const player = await RawPlayer.connect(gateway(), way);
        player.say({ kind: 'hello', ...hello } as never);
        const heard = await player.hears('goodbye');
        expect([hello, heard.code]).toEqual([hello, code]);
        await player.isClosedByServer();
      }
      expect(ada.status).toBe('open');
      expect((await ada.me()).user).toBe(ada.user);
    });

    it('accepts empty strings for the session and the token of a new player', async () => {
      const player = await RawPlayer.connect(gateway(), way);
      player.say({ kind: 'hello', protocol: 1, name: 'Unity', token: '', session: '', secret: '', room: '' } as never);
      expect(await player.hears('welcome')).toMatchObject({ name: 'Unity', resumed: false });
      player.close();
    });

    it('refuses messages above the rate limit with `rate-limited`', async () => {
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', way);
      for (let nonce = 0; nonce < 400; nonce++) player.say({ kind: 'ping', nonce });
      expect(await player.hears('error', ({ code }) => code === 'rate-limited')).toMatchObject({ retry: true });
      player.close();
    });
  });

  describe('made of hostile MessagePack and JSON', () => {
    /** 30 levels of arrays. Each array contains the next array twice. Written out without references, the value has 2^30 parts. */
    const bomb = referenceBomb();
    const SOON_MS = 1_000;
    const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
    const hello = (data: Uint8Array): Buffer => Buffer.concat([Buffer.of(0x01), data]);
    const request = (data: Uint8Array, id = 1): Buffer => Buffer.concat([Buffer.of(0x02, 0, 0, 0, id, ...text('rooms.create')), data]);
    const command = (data: Uint8Array): Buffer => Buffer.concat([Buffer.of(0x03, 0, 0, 0, 1, 0, 0, 0, 0, ...text('place')), data]);

    /** Checks that the server answers a second player quickly while `act` runs. */
    async function othersWait(act: () => Promise<unknown>): Promise<void> {
      const other = await RawPlayer.welcomed(gateway(), 'Bystander');
      const startedAt = performance.now();
      const acted = act();
      other.say({ kind: 'ping', nonce: 9 });
      await other.hears('pong');
      await acted;
      expect((await other.asks(1, 'me')).error).toBeUndefined();
      expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
      other.close();
    }

    describe.each<Way>(['binary', 'tcp'])('over %s', (way) => {
      it('answers a reference bomb in a hello or a request with `bad-frame` without delaying other players', async () => {
        for (const isGreeted of [false, true]) {
          const player = isGreeted ? await RawPlayer.welcomed(gateway(), 'Mallory', way) : await RawPlayer.connect(gateway(), way);
          await othersWait(async () => {
            player.send(isGreeted ? request(bomb) : hello(bomb));
            expect(await player.hears('goodbye')).toMatchObject({ code: 'bad-frame' });
            await player.isClosedByServer();
          });
        }
      });

      it('rejects a reference bomb in a command with `bad-frame`, and continues the game', async () => {
        const players = await Promise.all(['Mallory', 'Ada'].map((name) => RawPlayer.welcomed(gateway(), name, way)));
        for (const player of players) player.say({ kind: 'request', id: 1, operation: 'match.find', data: { game: 'tic-tac-toe' } });
        const seats = await Promise.all(players.map(async (player) => (await player.hears('placed')).seat));
        for (const player of players) await player.hears('sync');
        await othersWait(async () => {
          players[seats.indexOf(0)].send(command(bomb));
          expect(await players[seats.indexOf(0)].hears('rejected')).toMatchObject({ seq: 1, code: 'bad-frame', retry: false });
        });
        players[seats.indexOf(0)].say({ kind: 'command', seq: 2, settled: 1, name: 'place', data: { cell: 4 } });
        await players[seats.indexOf(1)].hears('sync', ({ version }) => version > 0);
        for (const player of players) player.say({ kind: 'bye' });
      });
    });

    it('answers each sample of data that is not plain with `bad-frame`', async () => {
      const samples = NOT_PLAIN.flatMap((sample) => [nestings(sample)[0], nestings(sample)[3]]);
      const heard = async ([name, bytes]: Sample, asHello: boolean): Promise<readonly [string, string]> => {
        const player = asHello ? await RawPlayer.connect(gateway(), 'tcp') : await RawPlayer.welcomed(gateway(), 'Mallory', 'tcp');
        player.send(asHello ? hello(bytes) : request(bytes));
        return [name, (await player.hears('goodbye')).code];
      };
      for (const asHello of [true, false])
        for (let at = 0; at < samples.length; at += 50) {
          const some = samples.slice(at, at + 50);
          expect(await Promise.all(some.map((sample) => heard(sample, asHello)))).toEqual(some.map(([name]) => [name, 'bad-frame']));
        }
    });

    it.each([
      ['a key __proto__', '{"__proto__":{"polluted":1}}'],
      ['half of a surrogate pair', '{"name":"\\ud83d"}'],
      ['great depth', `${'['.repeat(2_000)}${']'.repeat(2_000)}`],
    ])('answers JSON that has %s with `bad-frame`', async (_name, data) => {
      for (const head of ['"kind":"request","id":1,"operation":"rooms.create"', '"kind":"command","seq":1,"settled":0,"name":"place"']) {
        const player = await RawPlayer.welcomed(gateway(), 'Mallory', 'json');
        player.send(`{${head},"data":${data}}`);
        expect(await player.hears('goodbye')).toMatchObject({ code: 'bad-frame' });
        await player.isClosedByServer();
      }
    });

    it('closes a link socket that sends a reference bomb as its proof', async () => {
      for (const { id, ports } of fleet.servers)
        await othersWait(async () => {
          const heard = await talk(ports.linkPort as number, frame(2, bomb));
          expect([id, heard.length]).toEqual([id, 4 + 1 + 16]);
        });
    });

    it('never quotes a long input in full in an answer or in the log', async () => {
      const long = 'y'.repeat(6_000);
      const player = await RawPlayer.welcomed(gateway(), 'Mallory', 'binary');
      const answers = [await player.asks(1, 'rooms.create', { game: long }), await player.asks(2, 'rooms.join', { room: long })];
      for (const { error } of answers) expect(error?.message.length).toBeLessThan(1_100);
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
      for (const path of [`/api/${long}`, `/${long}`, `/api/servers/${long}`]) {
        const response = await fetch(gateway().opsUrl + path, { headers });
        expect([response.status < 500, (await response.text()).length < 1_200]).toEqual([true, true]);
      }
      const response = await fetch(`${gateway().opsUrl}/api/rooms/none/end`, { method: 'POST', headers, body: `{"note":${long}` });
      expect([response.status, (await response.text()).length < 1_200]).toEqual([400, true]);
      for (const line of (await fleet.logs()).split('\n')) expect(line.length).toBeLessThan(20_000);
      player.close();
    });
  });

  it('refuses a TCP frame above the limit before the gateway reads the body', async () => {
    const player = await RawPlayer.connect(gateway(), 'tcp');
    player.write(Uint8Array.of(0x7f, 0xff, 0xff, 0xff));
    expect(await player.hears('goodbye')).toMatchObject({ code: 'frame-too-large' });
    await player.isClosedByServer();
  });

  it('reads a TCP stream that arrives byte by byte, and ignores an incomplete frame at its end', async () => {
    const player = await RawPlayer.connect(gateway(), 'tcp');
    const hello = encodePlayerMessage({ kind: 'hello', protocol: 1, name: 'Ada' });
    for (const byte of [0, 0, 0, hello.length, ...hello]) player.write(Uint8Array.of(byte));
    await player.hears('welcome');
    player.write(Uint8Array.of(0, 0, 1, 0, 0x02));
    player.close();
  });

  it('refuses a WebSocket with an unknown subprotocol, at a wrong path, or from a foreign site', async () => {
    const { publicUrl } = gateway();
    const statusOf = (url: string, protocol: string | undefined, origin?: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url, protocol, origin ? { origin } : {});
        socket.on('open', () => reject(new Error('was accepted')));
        socket.on('unexpected-response', (_, response) => {
          resolve(response.statusCode ?? 0);
          response.resume();
        });
        socket.on('error', () => {});
      });
    expect(await statusOf(publicUrl, undefined)).toBe(400);
    expect(await statusOf(publicUrl, 'chat')).toBe(400);
    expect(await statusOf(publicUrl.replace('/play', '/elsewhere'), 'holdfast.v1.json')).toBe(404);
    expect(await statusOf(publicUrl, 'holdfast.v1.json', 'https://evil.example')).toBe(403);
  });

  it('accepts a WebSocket with 15 KB of cookies, but answers 431 to larger headers', async () => {
    const statusOf = (cookie: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(gateway().publicUrl, 'holdfast.v1.json', { headers: { cookie } });
        socket.on('open', () => {
          resolve(101);
          socket.close();
        });
        socket.on('unexpected-response', (_, response) => {
          resolve(response.statusCode ?? 0);
          response.resume();
        });
        socket.on('error', reject);
      });
    expect(await statusOf(`session=${'x'.repeat(15 * 1_024)}`)).toBe(101);
    expect(await statusOf(`session=${'x'.repeat(17 * 1_024)}`)).toBe(431);
  });

  it('logs no warning about connections that close without data', async () => {
    const { log, ports } = { log: () => gateway().log(), ports: gateway().ports };
    const before = log().length;
    for (const port of [ports.publicPort, ports.tcpPort, ports.opsPort, ports.linkPort]) {
      for (let count = 0; count < 50; count++) {
        await new Promise<void>((resolve, reject) => {
          const socket = dial({ host: '127.0.0.1', port: port as number }, () => {
            // Half of the connections end with a reset, like the health checks of HAProxy.
            if (count % 2 === 0) socket.resetAndDestroy();
            else socket.destroy();
            resolve();
          });
          socket.on('error', reject);
        });
      }
    }
    await until(async () => /holdfast_connections\{[^}]*\} 0/.test((await gateway().ops('/metrics')).text));
    expect(
      log()
        .slice(before)
        .filter((line) => /"level":"(warn|error)"/.test(line)),
    ).toEqual([]);
  });

  it('rejects a command out of turn, with bad data, outside of a room, or after the game', async () => {
    const { rooms, players } = await fleet.twoPlayersInAGame('tic-tac-toe');
    await expect(rooms[1].send('place', { cell: 0 })).rejects.toMatchObject({ code: 'not-your-turn' });
    await expect(rooms[0].send('place', { cell: 9 })).rejects.toMatchObject({ code: 'bad-data' });
    await rooms[0].leave();
    await expect(rooms[0].send('place', { cell: 0 })).rejects.toMatchObject({ code: 'not-in-room' });
    await rooms[1].waitFor(({ status }) => status === 'ended', { timeoutMs: 5_000 });
    await expect(rooms[1].send('place', { cell: 0 })).rejects.toMatchObject({ code: 'game-ended' });
    expect(players[1].status).toBe('open');
    await rooms[1].leave();
  });

  describe('on the link port', () => {
    it('sends only a nonce to a peer without a proof', async () => {
      for (const { id, ports } of fleet.servers) {
        for (const lie of [
          frame(2, Buffer.from('no proof at all')),
          frame(4, Buffer.from([0, 0, 0, 1, 9, ...Buffer.from('room.open')])),
          frame(7),
          frame(99),
        ]) {
          const heard = await talk(ports.linkPort as number, lie);
          // The server sends only a challenge: a length, the kind of the frame, and 16 random bytes.
          expect([id, heard.length, heard.subarray(0, 5)]).toEqual([id, 4 + 1 + 16, Buffer.from([0, 0, 0, 17, 1])]);
        }
      }
    });

    it('refuses a server with a different secret', async () => {
      const server = await fleet.startStranger('lobby', 'stranger', OTHER_LINK_SECRET);
      // The store does not check link secrets, so the registry contains the server with the wrong secret. But the gateway sends no requests
      // to this server.
      for (let asked = 0; asked < 10; asked++) {
        const player = await fleet.newPlayer(`P${asked}`);
        await player.createRoom({ game: 'chess' });
        await player.room?.leave();
      }
      server.kill();
      await server.exited;
      fleet.lobbies.splice(fleet.lobbies.indexOf(server), 1);
    });
  });

  describe('at a gateway with `AUTH=jwt`', () => {
    it('refuses a missing, malformed or unsigned token, and a token that does not expire', async () => {
      const server = await fleet.start('gateway', 'jwt', { AUTH: 'jwt', AUTH_JWT_SECRET: SECRET_JWT });
      const refused = (login: object) => expect(connect(server.publicUrl, login)).rejects.toMatchObject({ code: 'unauthorized' });
      await refused({ token: 'no token' });
      await refused({ name: 'Ada' });
      await refused({ token: UNSIGNED });
      await refused({ token: await signed({ sub: 'ada' }) });
      const session = await connect(server.publicUrl, { token: await tokenOf('ada') });
      told.push(session.credentials.secret);
      session.close();
      const numbered = await connect(server.publicUrl, {
        token: await signed({ sub: 42, name: `\u202e${'Ada'.repeat(20)}`, exp: 4_102_444_800 }),
      });
      told.push(numbered.credentials.secret);
      expect(await numbered.me()).toMatchObject({ user: '42', name: 'Ada'.repeat(20).slice(0, 32) });
      numbered.close();
      await fleet.kill(server);
      fleet.gateways.splice(fleet.gateways.indexOf(server), 1);
    });
  });

  /** This test must run last, because it searches the log lines that the other tests of this fleet caused. */
  it('leaves no secret in the log of any server', async () => {
    const ada = await fleet.newPlayer('Ada');
    told.push(ada.credentials.secret);
    const again = await connect(gateway().publicUrl, ada.credentials);
    told.push(again.credentials.secret);
    again.close();
    const { opsUrl } = gateway();
    const wrong = 'a wrong token of some length';
    const asks: [path: string, headers: Record<string, string>, status: number][] = [
      ['/api/servers', { authorization: `Bearer ${ADMIN_TOKEN}` }, 200],
      ['/api/servers', { authorization: `Bearer ${wrong}` }, 401],
      [`/api/servers?token=${encodeURIComponent(wrong)}`, { cookie: `token=${encodeURIComponent(ADMIN_TOKEN)}` }, 401],
      ['/api/nothing', { authorization: `Bearer ${ADMIN_TOKEN}` }, 404],
    ];
    for (const [path, headers, status] of asks) expect([path, (await fetch(opsUrl + path, { headers })).status]).toEqual([path, status]);

    const secrets = [fleet.linkSecret, OTHER_LINK_SECRET, ADMIN_TOKEN, wrong, SECRET_JWT, UNSIGNED, await tokenOf('ada'), ...told];
    const logs = await fleet.logs();
    const found = secrets.filter((secret) =>
      [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')].some((text) => logs.includes(text)),
    );
    expect(found).toEqual([]);
    expect(new Set(secrets).size).toBe(secrets.length);
    // These log lines prove that this test searches the logs of all servers, even of servers that have stopped.
    for (const server of fleet.servers) expect(logs).toContain(`"server":"${server.id}"`);
    expect(logs).toContain('hf:gateway:jwt');
    expect(logs).toContain('hf:lobby:stranger');
  });

  describe('in the settings of a server', () => {
    it.each([
      ['game', 'MAX_GAMES', 'plenty'],
      ['game', 'LINK_SECRET', 'short'],
      ['gateway', 'AUTH', 'maybe'],
      ['gateway', 'PUBLIC_PORT', '70000'],
      ['gateway', 'ADMIN_TOKEN', ''],
      ['lobby', 'REDIS_URL', 'localhost'],
      ['lobby', 'SERVER_NAME', 'two words'],
    ] as const)('starts no %s with %s=%s, and logs one line with the setting and the allowed values', async (type, name, value) => {
      const { code, said } = await startOnce(type, { ...fleet.settings(), LOG_LEVEL: 'info', SERVER_NAME: 'wrong', [name]: value });
      expect(code).toBe(1);
      expect(said).toContain(name);
      if (value && name !== 'LINK_SECRET') expect(said).toContain(value);
      expect(said).not.toMatch(/\n\s+at /);
      // The output is a headline and one line for each wrong setting.
      expect(said.trim().split('\n')).toEqual([
        expect.stringContaining(`This ${type} cannot start`),
        expect.stringContaining('it must be'),
      ]);
    });

    it.each([
      ['gateway', 'PUBLIC_PORT'],
      ['gateway', 'TCP_PORT'],
      ['gateway', 'OPS_PORT'],
      ['lobby', 'LINK_PORT'],
    ] as const)('starts no %s whose %s is in use, and names the port and the setting', async (type, name) => {
      const occupant = createServer();
      await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
      const { port } = occupant.address() as { port: number };
      const free = { PUBLIC_PORT: '0', TCP_PORT: '0', OPS_PORT: '0', LINK_PORT: '0' };
      const { code, said } = await startOnce(type, {
        ...fleet.settings(),
        LOG_LEVEL: 'info',
        ...free,
        SERVER_NAME: 'second',
        [name]: String(port),
      });
      occupant.close();
      expect(code).toBe(1);
      const sentence = lastSentence(said);
      expect(sentence).toContain(String(port));
      expect(sentence).toContain(name);
      expect(said).not.toMatch(/\n\s+at /);
    });

    it('starts no server without a reachable Redis, and names the address', async () => {
      const { code, said } = await startOnce('lobby', {
        ...fleet.settings(),
        LOG_LEVEL: 'info',
        SERVER_NAME: 'alone',
        REDIS_URL: 'redis://127.0.0.1:1',
      });
      expect(code).toBe(1);
      expect(lastSentence(said)).toContain('127.0.0.1:1');
      expect(said).not.toMatch(/\n\s+at /);
    });
  });
});

/** Builds a link frame of the given kind. */
function frame(kind: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + body.length);
  head[4] = kind;
  return Buffer.concat([head, body]);
}

/** Sends bytes to a port and returns all received bytes until the port closes the connection. */
async function talk(port: number, bytes: Buffer): Promise<Buffer> {
  const heard: Buffer[] = [];
  let isClosed = false;
  const socket: Socket = dial({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('data', (chunk) => heard.push(chunk));
  await until(() => heard.length > 0);
  socket.write(bytes);
  await until(() => isClosed, 5_000);
  return Buffer.concat(heard);
}

/** Returns the lines of the output that are not JSON log lines. */
function lastSentence(said: string): string {
  return said
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');
}
