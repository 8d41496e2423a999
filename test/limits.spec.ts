import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { connect as dial, type Socket } from 'node:net';
import { onPath } from '../tools/redis/find-redis.mjs';
import { type Fleet, type Game, RawPlayer, startFleet, until, type Way } from './harness/index.js';

const prlimit = onPath('prlimit', process.env);
if (!prlimit) console.warn('The limit of file descriptors is not tested: there is no `prlimit` here.');
const itWithPrlimit = prlimit ? it : it.skip;

describe('a fleet with limits for clients', () => {
  let fleet: Fleet;
  let innocent: Game;
  let cell = 0;
  /** The client address that the current test uses. The players of the running game are at 127.0.0.1. */
  let nextDoor: string;

  beforeAll(async () => {
    fleet = await startFleet({
      env: {
        CONNECTIONS_PER_ADDRESS: '6',
        CONNECTIONS_WINDOW_MS: '600000',
        HELLOS_PENDING_MAX: '5',
        HELLO_TIMEOUT_MS: '500',
        HTTP_TIMEOUT_MS: '500',
        MESSAGES_PER_SECOND: '50',
        MESSAGES_BURST: '50',
        FRAME_BYTES_MAX: '16384',
        BYTES_PER_SECOND: '1024',
        BYTES_BURST: '16384',
        WATCHERS_PER_ROOM: '1',
        BACKLOG_BYTES_MAX: '16384',
        LINK_HANDSHAKES_MAX: '4',
      },
    });
    innocent = await fleet.twoPlayersInAGame('tic-tac-toe');
  }, 60_000);
  afterAll(() => fleet.stop());

  beforeEach(() => {
    nextDoor = `127.0.2.${cell + 1}`;
  });

  /** After each test, the running game must continue over its first connections. */
  afterEach(async () => {
    await innocent.rooms[cell % 2].send('place', { cell: [0, 1, 2, 4, 3, 5, 7, 6, 8][cell] });
    cell += 1;
    expect(innocent.players.map(({ status }) => status)).toEqual(['open', 'open']);
    await until(async () => !(await fleet.gateways[0].ops('/metrics')).text.match(/holdfast_connections\{[^}]*\} [3-9]/));
  });

  const gateway = () => fleet.gateways[0];

  it.each<Way>(['binary', 'tcp'])('refuses connections above the limit of an address over %s with `too-many-connections`', async (way) => {
    const players = await Promise.all([1, 2, 3].map((count) => RawPlayer.welcomed(gateway(), `M${count}`, way, nextDoor)));
    players.push(...(await Promise.all([4, 5, 6].map((count) => RawPlayer.welcomed(gateway(), `M${count}`, way, nextDoor)))));
    const seventh = await RawPlayer.connect(gateway(), way, nextDoor);
    expect(await seventh.hears('goodbye')).toMatchObject({ code: 'too-many-connections', retryAfterMs: 1_000 });
    await seventh.isClosedByServer();
    const neighbour = await RawPlayer.welcomed(gateway(), 'Neighbour', way, '127.0.0.3');
    for (const player of [...players, neighbour]) player.close();
  });

  it('refuses connections while too many connections have sent no hello', async () => {
    const silent = await Promise.all([1, 2, 3, 4, 5].map((host) => RawPlayer.connect(gateway(), 'tcp', `127.0.1.${host}`)));
    const sixth = await RawPlayer.connect(gateway(), 'tcp', '127.0.1.6');
    expect(await sixth.hears('goodbye')).toMatchObject({ code: 'too-many-connections' });
    for (const player of silent) {
      expect(await player.hears('goodbye')).toMatchObject({ code: 'hello-timeout' });
      await player.isClosedByServer();
    }
    (await RawPlayer.welcomed(gateway(), 'Neighbour', 'tcp', nextDoor)).close();
  });

  it('answers 408 to an unfinished HTTP request, and 503 to a connection above the limit of an address', async () => {
    const { port } = new URL(gateway().pageUrl);
    const open = (): { socket: Socket; heard: () => string; isClosed: () => boolean } => {
      let text = '';
      const socket = dial({ host: '127.0.0.1', port: Number(port), localAddress: nextDoor });
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        text += chunk;
      });
      return { socket, heard: () => text, isClosed: () => socket.destroyed };
    };
    const slow = [1, 2, 3, 4, 5].map(open);
    for (const { socket } of slow) socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await until(() => slow.every(({ socket }) => !socket.connecting));
    const sixth = open();
    sixth.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => sixth.isClosed());
    expect(sixth.heard()).toMatch(/^HTTP\/1\.1 503 /);
    await until(() => slow.every(({ isClosed }) => isClosed()));
    expect(slow.map(({ heard }) => heard().slice(0, 12))).toEqual(slow.map(() => 'HTTP/1.1 408'));
  });

  it('accepts one frame of nearly the maximum size, and refuses a second one in the same second with `rate-limited`', async () => {
    const player = await RawPlayer.welcomed(gateway(), 'Mallory', 'binary', nextDoor);
    const data = { game: 'chess', name: 'x'.repeat(15_900) };
    player.say({ kind: 'request', id: 1, operation: 'rooms.create', data });
    player.say({ kind: 'request', id: 2, operation: 'rooms.create', data });
    expect((await player.hears('response', ({ id }) => id === 2)).error).toMatchObject({ code: 'rate-limited', retry: true });
    expect((await player.hears('response', ({ id }) => id === 1)).error).toMatchObject({ code: 'bad-data' });
    player.close();
  });

  it('counts WebSocket pings as messages', async () => {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(gateway().publicUrl, 'holdfast.v1.json', { localAddress: nextDoor });
    const heard: string[] = [];
    let pongs = 0;
    socket.on('pong', () => {
      pongs += 1;
    });
    socket.on('message', (data) => heard.push(String(data)));
    await until(() => socket.readyState === WebSocket.OPEN);
    for (let ping = 0; ping < 200; ping++) socket.ping();
    // The limit accepts one message every 20 ms, so the test sends many messages to exceed it.
    for (let ping = 0; ping < 20; ping++) socket.send('{"kind":"ping","nonce":1}');
    await until(() => heard.some((message) => JSON.parse(message).code === 'rate-limited'));
    expect(pongs).toBeLessThan(100);
    socket.terminate();
  });

  it('refuses spectators above the limit of a room with `too-many-watchers`', async () => {
    const room = innocent.rooms[0].id;
    const [first, second] = await Promise.all(['W1', 'W2'].map((name) => RawPlayer.welcomed(gateway(), name, 'json', nextDoor)));
    expect((await first.asks(1, 'rooms.watch', { room })).error).toBeUndefined();
    await first.hears('sync');
    expect((await second.asks(1, 'rooms.watch', { room })).error).toMatchObject({ code: 'too-many-watchers', retry: true });
    expect((await first.asks(2, 'rooms.leave')).error).toBeUndefined();
    expect((await second.asks(2, 'rooms.watch', { room })).error).toBeUndefined();
    for (const player of [first, second]) player.close();
  });

  itWithPrlimit('closes new connections, but no old connections, when the gateway has no file descriptors left', async () => {
    const connected = await RawPlayer.welcomed(gateway(), 'Connected', 'tcp', nextDoor);
    const { pid } = gateway();
    const limit = (soft: number): void => void execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${soft}:`]);
    const before = Number(/^Max open files\s+(\d+)/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8'))?.[1]);
    const { length: open } = await readdir(`/proc/${pid}/fd`);
    const accepted: RawPlayer[] = [];
    try {
      limit(open + 5);
      for (let host = 1; accepted.length < 50; host++) {
        const player = await RawPlayer.connect(gateway(), 'tcp', `127.0.4.${host}`);
        player.say({ kind: 'hello', protocol: 1, name: 'Late' });
        await until(() => player.isClosed || player.heard.length > 0);
        if (player.isClosed) break;
        accepted.push(player);
      }
      expect(accepted.length).toBeLessThan(50);
      for (let id = 1; id <= 3; id++) {
        const refused = await RawPlayer.connect(gateway(), 'tcp', nextDoor);
        await refused.isClosedByServer();
        expect(refused.heard).toEqual([]);
        expect((await connected.asks(id, 'me')).error).toBeUndefined();
      }
      accepted.pop()?.close();
      await until(async () => {
        const next = await RawPlayer.connect(gateway(), 'tcp', nextDoor);
        next.say({ kind: 'hello', protocol: 1, name: 'Next' });
        await until(() => next.isClosed || next.heard.length > 0);
        accepted.push(next);
        return !next.isClosed;
      });
    } finally {
      limit(before);
      for (const player of [connected, ...accepted]) player.close();
    }
  });

  it('closes only unauthenticated connections above the limit of the link port', async () => {
    const { linkPort } = fleet.games[0].ports;
    const strangers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async () => {
        const socket = dial({ host: '127.0.0.1', port: linkPort as number });
        socket.on('error', () => {});
        await new Promise((resolve) => socket.once('data', resolve));
        return socket;
      }),
    );
    await until(() => strangers.filter(({ destroyed }) => destroyed).length >= 2);
    const { rooms, players } = await fleet.twoPlayersInAGame('tic-tac-toe');
    await rooms[0].send('place', { cell: 4 });
    for (const player of players) player.close();
    for (const socket of strangers) socket.destroy();
  });
});
