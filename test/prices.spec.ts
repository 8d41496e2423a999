import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import {
  decodeServerMessage,
  encodePlayerMessage,
  FrameSplitter,
  HEADER,
  KIND,
  LENGTH_BYTES,
  type OperationName,
  type PlayerMessage,
} from '#libs/protocol';
import { HELLO_PRICE, priceOf, REDIS_COMMANDS_PER_MESSAGE } from '../libs/edge/src/connection/operation-prices.js';
import { TokenBucket } from '../libs/edge/src/connection/token-bucket.js';
import { type Fleet, RawPlayer, startFleet, until } from './harness/index.js';

const SECOND = 1_000;
/** Number of measured runs of each operation. */
const COUNT = 40;
/** Duration of each mix of operations, in ms. */
const MIX_MS = Number(process.env.PRICES_MIX_MS ?? 1_500);
const WARM_UP_MS = 300;
const MESSAGES_PER_SECOND = 100;
const MESSAGES_BURST = 200;
const ATTACKERS = 4;
/**
 * Limit of the CPU time that a lobby needs for one message, in ms. The limit is for the machine that `docs/security.md` describes. A busy
 * machine needs more.
 */
const LOBBY_MS_PER_MESSAGE = 1;
const GAME = { game: 'tic-tac-toe' };

type Answer = Record<string, unknown> & { room?: { id: string }; rooms?: unknown[]; error?: { code: string; retryAfterMs?: number } };

class Player {
  private lastId = 0;
  private constructor(
    readonly raw: RawPlayer,
    readonly session: string,
    readonly secret: string,
  ) {}

  static async login(fleet: Fleet, hello: object = { name: 'Ada' }): Promise<Player> {
    const raw = await RawPlayer.connect(fleet.gateways[0], 'tcp');
    raw.say({ kind: 'hello', protocol: 1, ...hello });
    const { session, secret } = await raw.hears('welcome');
    return new Player(raw, session, secret);
  }

  async try(operation: OperationName, data?: unknown): Promise<Answer> {
    this.lastId += 1;
    const id = this.lastId;
    this.raw.say({ kind: 'request', id, operation, data });
    const response = await this.raw.hears('response', (message) => message.id === id);
    // Drops this response from the list of messages, because `hears` searches the whole list. Keeps the responses to other requests.
    const others = this.raw.heard.filter((message) => message.kind === 'response' && message !== response);
    this.raw.heard.splice(0, this.raw.heard.length, ...others);
    return response.error ? { error: response.error } : (response.data as Answer);
  }

  async ask(operation: OperationName, data?: unknown): Promise<Answer> {
    const answer = await this.try(operation, data);
    if (answer.error) throw new Error(`${operation}: ${answer.error.code}`);
    return answer;
  }
}

/**
 * A player who sends as many requests as the limits allow. This process also measures the latency of other players, so it decodes only the
 * necessary parts of answers.
 */
class Attacker {
  private lastId = 0;
  private readonly waiting = new Map<number, (frame: Buffer) => void>();
  private welcome: () => void = () => {};
  private readonly welcomed = new Promise<void>((resolve) => {
    this.welcome = resolve;
  });
  private readonly splitter = new FrameSplitter(1 << 24, (frame) => {
    if (frame[0] === KIND.welcome) this.welcome();
    if (frame[0] !== KIND.response) return;
    const id = (frame as Buffer).readUInt32BE(HEADER.response.id);
    this.waiting.get(id)?.(frame as Buffer);
    this.waiting.delete(id);
  });

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.splitter.push(chunk));
  }

  static async login(fleet: Fleet): Promise<Attacker> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(fleet.gateways[0].tcpUrl).port), noDelay: true });
    const attacker = new Attacker(socket);
    attacker.say({ kind: 'hello', protocol: 1, name: 'Mallory' });
    await attacker.welcomed;
    return attacker;
  }

  /** Sends a request. Resolves with the error of the answer, or with null if the request succeeded. */
  ask(operation: string, data?: unknown): Promise<{ code: string; retryAfterMs?: number } | null> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, (frame) => {
        if (frame[HEADER.response.failed] === 0) return resolve(null);
        const message = decodeServerMessage(frame);
        resolve(message.kind === 'response' ? (message.error ?? null) : null);
      });
      this.say({ kind: 'request', id, operation, data });
    });
  }

  say(message: PlayerMessage): void {
    const frame = encodePlayerMessage(message);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(frame.length);
    this.socket.write(Buffer.concat([length, frame]));
  }

  /**
   * Sends as many requests as the rate limit accepts until the time `until`, with at most `atOnce` requests unanswered at once. Sends no
   * more than that, because refused requests also cost CPU time. Returns the number of requests that were not refused with `rate-limited`.
   */
  async attack(mix: Mix, room: string, until: number, atOnce: number): Promise<number> {
    const allowed = new TokenBucket(MESSAGES_PER_SECOND, MESSAGES_BURST, performance.now());
    let done = 0;
    const line = async (): Promise<void> => {
      for (let step = 0; performance.now() < until; step++) {
        const [operation, wish] = mix[step % mix.length];
        const data = typeof wish === 'function' ? wish(room) : wish;
        const price = priceOf(operation, data, 100) as number;
        while (!allowed.take(price, performance.now())) await pause(1 + allowed.waitMs(price, performance.now()));
        const error = await this.ask(operation, data);
        if (error?.code === 'rate-limited') await pause(error.retryAfterMs as number);
        else done += 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, line));
    return done;
  }
}

type Mix = readonly (readonly [OperationName, (unknown | ((room: string) => unknown))?])[];

/** Returns the CPU time of the main thread of a process, in ms. In a lobby and in Redis, this thread does nearly all of the work. */
const cpuMs = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

async function look(fleet: Fleet) {
  const info = await fleet.store.client.info();
  const of = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return {
    at: performance.now(),
    commands: of('total_commands_processed'),
    redisMs: cpuMs(of('process_id')),
    lobbyMs: cpuMs(fleet.lobbies[0].pid),
  };
}
type Seen = Awaited<ReturnType<typeof look>>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const settings = { HEALTH_INTERVAL_MS: '5000', CONNECTION_TIMEOUT_MS: '600000' };
const print = (line: string): boolean => process.stderr.write(`${line}\n`);

describe("the price of a player's operation", () => {
  let fleet: Fleet;
  let idle: Seen;
  const over: string[] = [];

  beforeAll(async () => {
    const env = { ...settings, MESSAGES_PER_SECOND: '1000000', MESSAGES_BURST: '1000000' };
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, env });
    const [from] = [await look(fleet), await pause(2 * SECOND)];
    const to = await look(fleet);
    const seconds = (to.at - from.at) / SECOND;
    const each = Object.entries(to).map(([key, value]) => [key, (value - from[key as keyof Seen]) / seconds]);
    idle = Object.fromEntries(each) as Seen;
  }, 60_000);
  afterAll(() => fleet.stop());

  /**
   * Measures one run of `act`, and prints its number of Redis commands and its CPU time. Subtracts the values of an idle fleet from both.
   * Adds the operation to `over` if it needs more commands than its price allows.
   */
  async function count(what: string, price: number, act: (index: number) => Promise<unknown>): Promise<void> {
    const from = await look(fleet);
    for (let index = 0; index < COUNT; index++) await act(index);
    // Waits for the work that follows an answer: the gateway reads the room, and the change is sent to the other members.
    await pause(300);
    const to = await look(fleet);
    const seconds = (to.at - from.at) / SECOND;
    const per = (key: keyof Seen): number => (to[key] - from[key] - idle[key] * seconds) / COUNT;
    const commands = per('commands');
    print(
      `${what.padEnd(32)} price ${price}, commands ${commands.toFixed(1)}, a message ${(commands / price).toFixed(1)}; ms: redis ${per('redisMs').toFixed(2)}, lobby ${per('lobbyMs').toFixed(2)}`,
    );
    if (commands / price > REDIS_COMMANDS_PER_MESSAGE) over.push(`${what}: ${commands.toFixed(1)} commands for ${price}`);
  }

  const price = (operation: OperationName, data?: unknown): number => priceOf(operation, data, 100) as number;

  it('is at least the cost of the Redis commands of the operation', async () => {
    const players: Player[] = [];
    const logsIn = async (): Promise<void> => void players.push(await Player.login(fleet));
    await count('hello: login', HELLO_PRICE, logsIn);
    await count('hello: login', HELLO_PRICE, logsIn);
    const [owners, guests] = [players.slice(0, COUNT), players.slice(COUNT)];
    const [any] = guests;
    const free = await Player.login(fleet);
    await count('hello: resume, and a loss', HELLO_PRICE, async () => {
      const first = await Player.login(fleet);
      first.raw.close();
      // A resume needs a session, so this count includes a login. An earlier test measures the login alone.
      (await Player.login(fleet, { session: first.session, secret: first.secret })).raw.say({ kind: 'bye' });
    });
    await count('me', price('me'), () => any.ask('me'));
    await count('games.list', price('games.list'), () => any.ask('games.list'));
    await count('match.find, which waits', price('match.find'), () => any.ask('match.find', { game: 'chess' }));
    await any.ask('match.cancel');
    await count('match.find, match.cancel', price('match.find') + price('match.cancel'), async () => {
      await any.ask('match.find', { game: 'chess' });
      await any.ask('match.cancel');
    });
    const rooms: string[] = [];
    await count('rooms.create', price('rooms.create'), async (index) => {
      rooms.push(((await owners[index].ask('rooms.create', GAME)).room as { id: string }).id);
    });
    await count('rooms.create, refused', price('rooms.create'), (index) => owners[index].try('rooms.create', GAME));
    await count('rooms.list', price('rooms.list'), () => any.ask('rooms.list'));
    const further = { cursor: '9000000000000.x' };
    await count('rooms.list, with a cursor', price('rooms.list', further), () => any.ask('rooms.list', further));
    await count('rooms.join', price('rooms.join'), (index) => guests[index].ask('rooms.join', { room: rooms[index] }));
    await count('rooms.join, again', price('rooms.join'), (index) => guests[index].ask('rooms.join', { room: rooms[index] }));
    await count('rooms.join, of a full room', price('rooms.join'), (index) => free.try('rooms.join', { room: rooms[index] }));
    await count('rooms.ready', price('rooms.ready'), (index) => guests[index].ask('rooms.ready'));
    const sends = (to: object) => (index: number) => guests[index].ask('chat.send', { ...to, text: 'Good luck!', id: `${index}` });
    const lobby = { to: 'lobby', game: 'chess' };
    await count('chat.send, to the room', price('chat.send'), sends({ to: 'room' }));
    await count('chat.send, to the lobby', price('chat.send'), sends(lobby));
    await count('chat.send, repeated', price('chat.send'), sends(lobby));
    await count('chat.send, refused', price('chat.send'), (index) => any.try('chat.send', { ...lobby, text: 'Hi', id: `more ${index}` }));
    await count('chat.history', price('chat.history'), (index) => guests[index].ask('chat.history', { to: 'room' }));
    await count('chat.history, of a lobby', price('chat.history'), () => any.ask('chat.history', { ...lobby, follow: true }));
    await count('chat.mute', price('chat.mute'), (index) => owners[index].ask('chat.mute', { user: 'u', muted: true }));
    await count('rooms.watch, rooms.leave', price('rooms.watch') + price('rooms.leave'), async (index) => {
      await free.ask('rooms.watch', { room: rooms[index] });
      await free.ask('rooms.leave');
    });
    await count('rooms.start, refused', price('rooms.start'), (index) => guests[index].try('rooms.start'));
    await count('rooms.cancelStart', price('rooms.cancelStart'), (index) => owners[index].ask('rooms.cancelStart'));
    await count('rooms.start', price('rooms.start'), (index) => owners[index].ask('rooms.start'));
    await count('rooms.watch, rooms.leave, playing', price('rooms.watch') + price('rooms.leave'), async (index) => {
      await free.ask('rooms.watch', { room: rooms[index] });
      await free.ask('rooms.leave');
    });
    await count('rooms.leave, playing', price('rooms.leave'), (index) => guests[index].ask('rooms.leave'));
    await pause(SECOND);
    await count('rooms.leave, the last', price('rooms.leave'), (index) => owners[index].ask('rooms.leave'));
    await count('match.find, of two', 2 * price('match.find'), async (index) => {
      await owners[index].ask('match.find', GAME);
      await guests[index].ask('match.find', GAME);
    });
    await count('rooms.leave, of two', 2 * price('rooms.leave'), async (index) => {
      await owners[index].ask('rooms.leave');
      await guests[index].ask('rooms.leave');
    });
    expect(over).toEqual([]);
  }, 120_000);
});

describe('a player at the rate limit', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = { ...settings, MESSAGES_PER_SECOND: String(MESSAGES_PER_SECOND), MESSAGES_BURST: String(MESSAGES_BURST) };
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  const MIXES: Readonly<Record<string, Mix>> = {
    'first pages of the list': [['rooms.list']],
    'further pages of the list': [['rooms.list', { cursor: '9000000000000.x' }]],
    'first pages of many games': [
      ['rooms.list', GAME],
      ['rooms.list', { game: 'chess' }],
      ['rooms.list'],
      ['rooms.list', { game: 'none' }],
    ],
    'rooms made and left': [['rooms.create', GAME], ['rooms.leave']],
    'private rooms made and left': [['rooms.create', { ...GAME, private: true }], ['rooms.leave']],
    'rooms joined and left': [['rooms.join', (room: string) => ({ room })], ['rooms.leave']],
    'rooms watched and left': [['rooms.watch', (room: string) => ({ room })], ['rooms.leave']],
    'searches begun and cancelled': [['match.find', { game: 'chess' }], ['match.cancel']],
    'matches made and left': [['match.find', GAME], ['rooms.leave']],
    'who am I': [['me']],
    'joins of a full room': [['rooms.join', (room: string) => ({ room })]],
    'games listed': [['games.list']],
    'chats of a lobby read': [['chat.history', { to: 'lobby', game: 'chess' }]],
    'chat messages': [['chat.send', { to: 'lobby', game: 'chess', text: 'Hi', id: 'same' }]],
  };

  it('takes at most a fixed share of the CPU time of Redis and the lobby, whichever operations the player sends', async () => {
    const owner = await Player.login(fleet);
    const room = ((await owner.ask('rooms.create', GAME)).room as { id: string }).id;
    const listed = await Promise.all(Array.from({ length: 100 }, () => Player.login(fleet)));
    for (const player of listed) await player.ask('rooms.create', GAME);
    // Honest players repeatedly toggle `ready`. Each request causes one write, and one message to every member of the room.
    const others = await Promise.all(Array.from({ length: 10 }, async () => (await fleet.newPlayer('Honest')).createRoom(GAME)));
    const tookMs: number[] = [];
    let isOver = false;
    const honest = others.map(async (player) => {
      while (!isOver) {
        const from = performance.now();
        await player.ready(Math.random() < 0.5);
        tookMs.push(performance.now() - from);
        await pause(100 + Math.random() * 20);
      }
    });
    const p99 = (): number => {
      const sorted = tookMs.splice(0).sort((a, b) => a - b);
      return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    };
    try {
      // Runs each mix once before the measurement, because the first runs of code need more CPU time.
      for (const mix of Object.values(MIXES)) {
        const attacker = await Attacker.login(fleet);
        await attacker.attack(mix, room, performance.now() + WARM_UP_MS, 8);
        attacker.say({ kind: 'bye' });
      }
      await pause(SECOND);
      tookMs.length = 0;
      const [quietFrom] = [await look(fleet), await pause(MIX_MS + SECOND)];
      const quietTo = await look(fleet);
      print(`other players, without attackers: p99 ${p99().toFixed(1)} ms`);
      for (const [what, mix] of Object.entries(MIXES)) {
        const attackers = await Promise.all(Array.from({ length: ATTACKERS }, () => Attacker.login(fleet)));
        if (what === 'joins of a full room') await listed[99].try('rooms.join', { room });
        await pause(200);
        tookMs.length = 0;
        const from = await look(fleet);
        const until = performance.now() + MIX_MS;
        const done = await Promise.all(attackers.map((attacker) => attacker.attack(mix, room, until, 8)));
        await pause(200);
        const to = await look(fleet);
        const ms = to.at - from.at;
        const share = ms / (quietTo.at - quietFrom.at);
        const added = (key: keyof Seen): number => to[key] - from[key] - share * (quietTo[key] - quietFrom[key]);
        const messages = ATTACKERS * (MESSAGES_BURST + (MESSAGES_PER_SECOND * ms) / SECOND);
        const percent = (key: keyof Seen): string => ((100 * added(key)) / messages / (SECOND / MESSAGES_PER_SECOND)).toFixed(2);
        print(
          `${what.padEnd(30)} ${Math.round(done.reduce((a, b) => a + b))} done, commands ${Math.round(added('commands'))} of at most ${Math.round(messages * REDIS_COMMANDS_PER_MESSAGE)}; each player, steadily: Redis ${percent('redisMs')} %, lobby ${percent('lobbyMs')} %; others p99 ${p99().toFixed(1)} ms`,
        );
        expect(added('commands')).toBeLessThan(messages * REDIS_COMMANDS_PER_MESSAGE);
        expect(added('lobbyMs')).toBeLessThan(messages * LOBBY_MS_PER_MESSAGE);
        for (const attacker of attackers) attacker.say({ kind: 'bye' });
        await pause(100);
      }
    } finally {
      isOver = true;
      // The test fails here if any request of an honest player was refused.
      await Promise.all(honest);
    }
  }, 180_000);
});

describe('the operations of one address', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    // With these settings, the operations of all connections of one address may together cost 48 messages per second, and up to 200
    // messages at once.
    const env = { ...settings, CONNECTIONS_PER_ADDRESS: '6', CONNECTIONS_WINDOW_MS: '1000', MESSAGES_BURST: '100' };
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  const listsAtOnce = async (from: string, count: number): Promise<{ code: string; retryAfterMs?: number }[]> => {
    const player = await RawPlayer.connect(fleet.gateways[0], 'tcp', from);
    player.say({ kind: 'hello', protocol: 1, name: 'Mallory' });
    const heard = await until(() => player.heard.find(({ kind }) => kind === 'welcome' || kind === 'goodbye'));
    // The gateway can refuse the login, because a login counts as an operation too.
    if (heard.kind === 'goodbye') return Array.from({ length: count }, () => heard);
    for (let id = 1; id <= count; id++) player.say({ kind: 'request', id, operation: 'rooms.list' });
    const answers = [];
    for (let id = 1; id <= count; id++) answers.push(await player.hears('response', (response) => response.id === id));
    player.close();
    return answers.flatMap(({ error }) => error ?? []);
  };

  it('are limited by their price, and accepted again after the waiting time that the refusal contains', async () => {
    const sentAt = performance.now();
    const errors = await listsAtOnce('127.0.5.1', 14);
    const messages = 100 + (100 * (performance.now() - sentAt)) / 1_000;
    // Each accepted request counts as 10 messages of the burst of 100. The hello and each refused request count as one message.
    expect(14 - errors.length).toBeGreaterThanOrEqual(9);
    expect(14 - errors.length).toBeLessThanOrEqual(messages / 10);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['rate-limited']));
    const player = await RawPlayer.welcomed(fleet.gateways[0], 'Mallory', 'tcp', '127.0.5.4');
    for (let id = 1; id <= 100; id++) {
      const { error } = await player.asks(id, 'rooms.list');
      if (!error) continue;
      expect(error).toMatchObject({ code: 'rate-limited', retryAfterMs: expect.any(Number) });
      await pause(error.retryAfterMs as number);
      expect((await player.asks(id + 1_000, 'rooms.list')).error).toBeUndefined();
      if (id > 20) break;
    }
    player.close();
  });

  it('are accepted after the waiting time that the refusal contains, even when messages of other kinds have used up the limit', async () => {
    const player = await RawPlayer.welcomed(fleet.gateways[0], 'Mallory', 'tcp', '127.0.5.6');
    for (let nonce = 0; nonce < 110; nonce++) player.say({ kind: 'ping', nonce });
    const { error } = await player.asks(1, 'rooms.list');
    // The request counts as 10 messages, and the rate limit allows 10 messages in 100 ms. So the waiting time is close to 100 ms.
    expect(error).toMatchObject({ code: 'rate-limited', retryAfterMs: expect.any(Number) });
    expect(error?.retryAfterMs).toBeGreaterThan(50);
    await pause(error?.retryAfterMs as number);
    expect((await player.asks(2, 'rooms.list')).error).toBeUndefined();
    player.close();
  });

  it('are limited together, even when the address opens new connections', async () => {
    let done = 0;
    const from = performance.now();
    for (let round = 0; round < 5; round++) {
      const errors = await listsAtOnce('127.0.5.2', 8);
      done += 8 - errors.length;
    }
    const seconds = (performance.now() - from) / SECOND;
    expect(done).toBeLessThanOrEqual((200 + 48 * seconds) / 10);
    expect(await listsAtOnce('127.0.5.3', 8)).toEqual([]);
  });
});
