import { randomUUID } from 'node:crypto';
import type { EffectRun, GameRegistry } from '#libs/game-kit';
import { LINK_KIND, type LinkPeer, type Links } from '#libs/link';
import {
  type CompactSync,
  compactHeaderBytes,
  decodeCompactSync,
  decodeServerMessage,
  encodePlayerMessage,
  type Patch,
  pack,
  type RoomId,
  type ServerMessage,
  type SessionId,
  type Sync,
  serverId,
  type UserId,
  unpack,
  writeCompactHeader,
} from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type CommandRule, type GameDefinition, type GameRoom, RoomMachine, type RoomRules, type SeatEvent } from '#libs/room';
import { type AdoptedRoom, type Append, EndedGameStore, packChange, RoomLog, RoomRecords, type WriteResult } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { applyPatch, decodeValue, hashValue } from '#libs/state-patch';
import { Log, Metrics } from '#libs/telemetry';
import { DIRECT_GUARD } from '#libs/watchdog';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import { Attachments } from '../attachments/attachments.js';
import { DelayedSpectators } from '../attachments/delayed-spectators.js';
import { ResyncWatch } from '../attachments/resync-watch.js';
import { Appender } from '../durability/appender.js';
import { Checkpointer } from '../durability/checkpointer.js';
import { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { RoomOutputs } from '../room/room-outputs.js';
import { RoomTime } from '../room/room-time.js';
import { ROOM_HOST_DEFAULTS, type RoomHostOptions, UNFLUSHED_MAX } from '../room-host.options.js';
import { CommandBatch } from './command-batch.js';
import { EffectResults } from './effect-results.js';
import { EffectRunner } from './effect-runner.js';
import { EffectWatch } from './effect-watch.js';
import { RoomClock } from './room-clock.js';
import { RoomEngine } from './room-engine.js';

interface Counter {
  count: number;
  heard: string[];
  text?: string;
  oddity?: unknown;
}

type Handler = (room: GameRoom<Counter>, data: never) => void;

const COMMANDS: Record<string, Handler> = {
  add: (room, by: number) => {
    room.state.count += by;
  },
  grow: (room, length: number) => {
    room.state.text = 'x'.repeat(length);
  },
  refuse: (room) => room.reject('not-your-turn', 'Wait.'),
  throw: () => {
    throw new Error('a defect of the game');
  },
  emit: (room, to: number[] | undefined) => room.emit('said', { by: room.seat }, to),
  timer: (room, { name, ms }: { name: string; ms: number }) => room.schedule(name, ms),
  effect: (room, data: unknown) => room.effect('pay', data),
  oddity: (room) => {
    room.state.oddity = 10n ** 30n;
  },
  textless: () => {
    throw Object.create(null);
  },
  poison: (room) => {
    room.state.text = 'unseen';
  },
  end: (room) => room.end({ winner: room.seat }),
};

function counterRules(definition: Partial<GameDefinition> = {}, more: Partial<RoomRules<Counter>> = {}): RoomRules<Counter> {
  const heard = (event: SeatEvent) => (room: GameRoom<Counter>) => void room.state.heard.push(`${event}:${room.seat}`);
  return rulesOf<Counter>('counter', () => ({ count: 0, heard: [] }), {
    definition: { seats: { min: 1, max: 4 }, seatGraceMs: 50, ...definition },
    commands: new Map(
      Object.entries(COMMANDS).map(([name, run]): [string, CommandRule<Counter>] => [
        name,
        { validate: (value) => ({ ok: true, value }), run: run as CommandRule<Counter>['run'] },
      ]),
    ),
    timers: new Map([
      ['ring', (room: GameRoom<Counter>) => void room.state.heard.push('ring')],
      ['chime', (room: GameRoom<Counter>) => void room.state.heard.push('chime')],
      [
        'break',
        () => {
          throw new Error('a defect in a timer');
        },
      ],
    ]),
    seatEvents: new Map((['away', 'back', 'left'] as const).map((event) => [event, heard(event)])),
    ...more,
  });
}

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const records = new RoomRecords(redis);
const log = new Log({ server: 'hf:game:test', level: 'silent', format: 'json' });
const owner = { server: serverId('game', 'test'), incarnation: 5 };
const doc = roomDoc({ host: 'u0' as UserId, seats: 4, seatsMin: 1 });
const hosted: HostedRooms[] = [];

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());
afterEach(() => {
  for (const rooms of hosted.splice(0)) for (const room of [...rooms.all()]) rooms.drop(room, 'evicted');
});

/** A room log in real Redis. A test can make it lose calls or answers. */
class LossyLog extends RoomLog {
  readonly sent: Append[][] = [];
  answersToLose = 0;
  callsToLose = 0;
  beforeCall: () => void = () => {};

  override async appendAll(appends: readonly Append[]): Promise<WriteResult[]> {
    this.beforeCall();
    this.sent.push([...appends]);
    if (this.callsToLose > 0) {
      this.callsToLose -= 1;
      return appends.map(() => 'unknown');
    }
    const results = await super.appendAll(appends);
    if (this.answersToLose === 0) return results;
    this.answersToLose -= 1;
    return appends.map(() => 'unknown');
  }
}

type Received = ServerMessage | CompactSync;

/** The gateway's end of a link. It records the messages to players. */
class RecordingPeer {
  readonly messages: { handle: number; message: Received }[] = [];
  readonly events: { pattern: string; data: unknown }[] = [];
  /** The length of each compact sync, in bytes. */
  readonly compactBytes: number[] = [];
  writes = 0;

  sendSessionFrame(kind: number, handle: number, _epoch: number, frame: Uint8Array): void {
    expect(kind).toBe(LINK_KIND.toPlayer);
    this.writes += 1;
    this.messages.push({ handle, message: decodeServerMessage(frame) });
  }

  sendSyncMany(_epoch: number, version: number, entries: readonly number[], body: Uint8Array): void {
    this.writes += 1;
    for (let at = 0; at < entries.length; at += 2) {
      this.messages.push({
        handle: entries[at],
        message: { ...(unpack(body) as object), kind: 'sync', version, seq: entries[at + 1] } as ServerMessage,
      });
    }
  }

  sendCompactMany(_epoch: number, _version: number, entries: readonly number[], body: Uint8Array): void {
    this.writes += 1;
    for (let at = 0; at < entries.length; at += 3) {
      const [handle, seq, input] = entries.slice(at, at + 3) as [number, number, number];
      const frame = new Uint8Array(compactHeaderBytes(seq, input) + body.length);
      frame.set(body, writeCompactHeader(frame, 0, seq, input));
      this.compactBytes.push(frame.length);
      this.messages.push({ handle, message: decodeCompactSync(frame) });
    }
  }

  emit(pattern: string, data: unknown): void {
    this.events.push({ pattern, data });
  }

  to(handle: number): Received[] {
    return this.messages.filter((sent) => sent.handle === handle).map(({ message }) => message);
  }

  get peer(): LinkPeer {
    return this as unknown as LinkPeer;
  }
}

function newHost(options: Partial<RoomHostOptions> = {}) {
  const settings = { ...ROOM_HOST_DEFAULTS, awayAfterMs: 60_000, ...options };
  const metrics = new Metrics({ server: 'hf:game:test', level: 'silent', format: 'json' });
  const rooms = new HostedRooms(metrics, log);
  hosted.push(rooms);
  const outputs = new RoomOutputs(settings);
  const roomLog = new LossyLog(redis, { replicas: 0, replicasTimeoutMs: 100 });
  const endedStore = new EndedGameStore(redis, { replicas: 0, replicasTimeoutMs: 100 });
  const appender = new Appender(roomLog, endedStore, rooms, outputs, metrics, log, { isSettled: true } as StoreSettlement);
  const engine = new RoomEngine(appender, log, settings);
  const clock = new RoomClock(engine, rooms, settings, metrics);
  const batch = new CommandBatch(engine, DIRECT_GUARD);
  let frameIn: (peer: LinkPeer, frame: Buffer) => void = () => {};
  const links = {
    onFrame: (_: number, handler: typeof frameIn) => {
      frameIn = handler;
    },
    onClosed: () => {},
  } as unknown as Links;
  const attachments = new Attachments(
    rooms,
    engine,
    clock,
    outputs,
    metrics,
    links,
    new ResyncWatch(metrics, log),
    batch,
    new DelayedSpectators(rooms, appender, links),
    log,
  );
  for (const part of [appender, batch, clock, attachments]) part.onModuleInit();

  /** Makes a hosted room with one player per seat, and stores the room. */
  async function room({ players = 2, rules = counterRules() }: { players?: number; rules?: RoomRules<Counter> } = {}): Promise<HostedRoom> {
    const id = `host-${randomUUID()}` as RoomId;
    await records.create(id, 'counter', doc);
    const record = await records.read(id);
    await records.save(record as NonNullable<typeof record>, { status: 'starting', start: 's' });
    const machine = new RoomMachine(rules, { now: () => TIME.now(), random: () => 0.5 });
    const { value } = machine.start(
      id,
      Array.from({ length: players }, (_, seat) => ({ user: `u${seat}` as UserId, name: `U${seat}` })),
    );
    const opened = await roomLog.open(id, 's', owner, value, rules.definition.durability);
    if (!opened) throw new Error('not opened');
    const made = new HostedRoom(
      machine as RoomMachine,
      { ...owner, epoch: opened.epoch },
      value,
      { batch: '', doc, rev: 1, start: 's', round: 0, stateBytesMax: settings.stateBytesMax },
      TIME,
    );
    rooms.add(made);
    return made;
  }

  function attach(
    to: HostedRoom,
    seat: number | null,
    { peer = new RecordingPeer(), handle = 1, version = null as number | null, compact = false } = {},
  ) {
    const user = seat === null ? 'a watcher' : `u${seat}`;
    const request = {
      room: to.id,
      epoch: to.tenure.epoch,
      handle,
      session: `s${handle}` as SessionId,
      user: user as UserId,
      watch: seat === null,
      round: 0,
      version,
      compact,
    };
    attachments.attach(peer.peer, request);
    return peer;
  }

  /** Sends a player input to the server, as a gateway does. */
  function input(to: HostedRoom, peer: RecordingPeer, handle: number, number: number, data: unknown): void {
    relay(to, peer, handle, encodePlayerMessage({ kind: 'input', number, data }));
  }

  /** Sends a player's command to the server, as a gateway does. */
  function command(
    to: HostedRoom,
    peer: RecordingPeer,
    handle: number,
    seq: number,
    name: string,
    data?: unknown,
    settled = seq - 1,
  ): void {
    relay(to, peer, handle, encodePlayerMessage({ kind: 'command', seq, settled, name, data }));
  }

  function relay(to: HostedRoom, peer: RecordingPeer, handle: number, frame: Uint8Array): void {
    const head = Buffer.alloc(13);
    head[0] = LINK_KIND.toRoom;
    head.writeUInt32BE(handle, 1);
    head.writeDoubleBE(to.tenure.epoch, 5);
    frameIn(peer.peer, Buffer.concat([head, frame]));
  }

  return { rooms, outputs, roomLog, endedStore, appender, engine, clock, attachments, room, attach, command, input, relay, log };
}

const TIME = new RoomTime({ now: () => Date.now() });

/** Resolves when the commands of this event-loop tick are handled. */
function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Applies a message to the state `before` of a client with compact syncs. Returns the client's next state. */
function seenAfter(before: unknown, message: Received): unknown {
  if (message.kind !== 'compact') return before;
  return message.state ? decodeValue(message.state) : applyPatch(before, message.patch!);
}

const stateOf = (room: HostedRoom): Counter => room.value.state as Counter;
const kinds = (messages: readonly Received[]): string[] => messages.map(({ kind }) => kind);

describe('a hosted room', () => {
  function alone(stateBytesMax?: number, rules = counterRules()): HostedRoom {
    const machine = new RoomMachine(rules, { now: () => 1, random: () => 0 });
    const { value } = machine.start('r' as RoomId, [
      { user: 'u0' as UserId, name: 'U0' },
      { user: 'u1' as UserId, name: 'U1' },
    ]);
    const place = { batch: '', doc, rev: 1, start: 's', round: 0, stateBytesMax };
    return new HostedRoom(machine as RoomMachine, { ...owner, epoch: 1 }, value, place, TIME);
  }

  function handled(room: HostedRoom, seat: number, seq: number, name = 'add', data: unknown = 1): void {
    const outcome = room.handle({ kind: 'command', seat, seq, name, data });
    room.noteSeq(seat, seq);
    if (outcome.kind === 'refused') room.noteRefusal(seat, seq, outcome.code);
  }

  function commit(room: HostedRoom): void {
    const changes = room.unflushed;
    room.unflushed = [];
    const append = { room: room.id, tenure: room.tenure, from: room.durable.version, entries: changes.map(packChange), batch: 'b' };
    room.committed({ append, changes, after: room.value, since: 0 });
  }

  it('applies each command of a seat exactly once and in order', () => {
    const room = alone();
    expect(room.judgeSeq(0, 2, 0)).toEqual({ kind: 'ignore' });
    expect(room.judgeSeq(0, 1, 0)).toEqual({ kind: 'next' });
    handled(room, 0, 1);
    expect(room.judgeSeq(0, 1, 0)).toEqual({ kind: 'ignore' });
    commit(room);
    expect(room.judgeSeq(0, 1, 0)).toEqual({ kind: 'applied' });
    expect(room.judgeSeq(0, 2, 1)).toEqual({ kind: 'next' });
    expect(room.judgeSeq(1, 1, 0)).toEqual({ kind: 'next' });
  });

  it('accepts a gap in the command numbers when the client has all earlier answers', () => {
    expect(alone().judgeSeq(0, 8, 7)).toEqual({ kind: 'next' });
    expect(alone().judgeSeq(0, 8, 6)).toEqual({ kind: 'ignore' });
  });

  it('answers a repeated command with the refusal of the first attempt', () => {
    const room = alone();
    handled(room, 0, 1, 'refuse');
    expect(room.judgeSeq(0, 1, 0)).toEqual({ kind: 'refused-before', code: 'not-your-turn' });
    handled(room, 0, 2);
    commit(room);
    expect(room.value.seats[0].refused).toEqual([[1, 'not-your-turn']]);
    expect(room.judgeSeq(0, 1, 0)).toEqual({ kind: 'refused-before', code: 'not-your-turn' });
    expect(room.judgeSeq(0, 2, 0)).toEqual({ kind: 'applied' });
  });

  it('keeps its state when a change is too large or cannot be stored', () => {
    const room = alone(1_000);
    handled(room, 1, 1, 'refuse');
    const before = room.value;
    expect(room.handle({ kind: 'command', seat: 0, seq: 1, name: 'grow', data: 2_000 })).toEqual({ kind: 'too-large' });
    expect(room.handle({ kind: 'command', seat: 0, seq: 1, name: 'oddity', data: 1 })).toMatchObject({ kind: 'failed' });
    expect(room.value).toBe(before);
    expect(room.isDirty).toBe(false);
    handled(room, 0, 2);
    expect(room.value.seats[1].refused).toEqual([[1, 'not-your-turn']]);
  });

  it('reports in `lastDurableStep` only steps that the store has confirmed', () => {
    const step = ({ state }: GameRoom<Counter>): void => {
      state.count += 1;
    };
    const room = alone(undefined, counterRules({}, { step }));
    const steps = [0, 1].map(() => {
      room.handle({ kind: 'step' });
      room.noteStep();
      return { append: null, changes: [room.unflushed.at(-1)!], after: room.value, since: 0 };
    });
    expect(room.lastDurableStep).toBe(-1);
    room.committed(steps[0]!);
    expect(room.lastDurableStep).toBe(1);
    room.committed(steps[1]!);
    expect(room.lastDurableStep).toBe(2);
  });

  it('returns the changes since a version, or null when some of the changes are missing', () => {
    const room = alone();
    expect(room.changesSince(0)).toEqual([]);
    for (let seq = 1; seq <= 5; seq++) handled(room, 0, seq);
    commit(room);
    expect(room.changesSince(2)?.map(({ version }) => version)).toEqual([3, 4, 5]);
    expect(room.changesSince(5)).toEqual([]);
    expect(room.changesSince(6)).toBeNull();
    for (let seq = 6; seq <= 200; seq++) handled(room, 0, seq);
    commit(room);
    expect(room.changesSince(2)).toBeNull();
    expect(room.changesSince(199)).toHaveLength(1);
  });

  it('changes its status only along the allowed transitions', () => {
    const room = alone();
    expect(() => room.become('lame')).toThrow(/cannot become lame/);
    room.become('freezing');
    room.become('active');
    room.become('dropped');
    expect(() => room.become('active')).toThrow();
  });
});

describe('the output of a room', () => {
  it('starts with `placed` and a snapshot', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 1);
    expect(peer.to(1)).toMatchObject([
      { kind: 'placed', gameVersion: 1, seat: 1, epoch: room.tenure.epoch, round: 0, seq: 0, players: [{ name: 'U0' }, { name: 'U1' }] },
      { kind: 'sync', version: 0, seq: 0, state: { count: 0 } },
    ]);
  });

  it('contains a change and its acknowledgement only after the change is durable', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.roomLog.callsToLose = 1;
    const receivedBefore: string[][] = [];
    host.roomLog.beforeCall = () => receivedBefore.push(kinds(peer.to(1)));
    host.command(room, peer, 1, 1, 'add', 5);
    await until(() => peer.to(1).length === 3);
    expect(receivedBefore).toEqual([
      ['placed', 'sync'],
      ['placed', 'sync'],
    ]);
    expect(peer.to(1)[2]).toMatchObject({ kind: 'sync', version: 1, seq: 1, from: 0, patches: [{ path: '/count', value: 5 }] });
  });

  it('is sent once to each gateway for all sessions of the gateway', async () => {
    const host = newHost();
    const room = await host.room({ players: 4 });
    const [here, there] = [new RecordingPeer(), new RecordingPeer()];
    for (const seat of [0, 1]) host.attach(room, seat, { peer: here, handle: seat + 1 });
    for (const seat of [2, 3]) host.attach(room, seat, { peer: there, handle: seat + 1 });
    host.attach(room, null, { peer: there, handle: 9 });
    const before = [here.writes, there.writes];
    host.command(room, here, 1, 1, 'add', 1);
    await until(() => there.to(9).length === 3);
    expect([here.writes - before[0], there.writes - before[1]]).toEqual([1, 1]);
    expect([here.to(1)[2], here.to(2)[2], there.to(9)[2]]).toMatchObject([{ seq: 1 }, { seq: 0 }, { seq: 0 }]);
  });

  it('contains only the missing changes for a client that returns with a recent version', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    for (let seq = 1; seq <= 3; seq++) host.command(room, peer, 1, seq, 'add', seq);
    await until(() => room.durable.version === 3);
    const again = host.attach(room, 1, { handle: 2, version: 1 });
    expect(again.to(2)[1]).toMatchObject({ kind: 'sync', version: 3, from: 1 });
    const fromAnotherGame = host.attach(room, 1, { handle: 2, version: 7 });
    expect(fromAnotherGame.to(2)[1]).toMatchObject({ kind: 'sync', version: 3, state: { count: 6 } });
  });

  it('contains events only for their receivers', async () => {
    const host = newHost();
    const room = await host.room();
    const [one, two, watcher] = [host.attach(room, 0), host.attach(room, 1), host.attach(room, null)];
    host.command(room, one, 1, 1, 'emit', [1]);
    host.command(room, one, 1, 2, 'emit');
    const eventsOf = (peer: RecordingPeer) => peer.to(1).flatMap((message) => (message.kind === 'sync' ? (message.events ?? []) : []));
    await until(() => eventsOf(watcher).length === 1);
    expect(eventsOf(one)).toHaveLength(1);
    expect(eventsOf(two)).toHaveLength(2);
  });

  it('contains the view of its receiver in a game with views', async () => {
    const view = (state: Counter, seat: number | null) => ({ mine: seat === null ? null : state.count * 10 + seat });
    const host = newHost();
    const room = await host.room({ rules: counterRules({}, { view: view as RoomRules<Counter>['view'] }) });
    const [one, watcher] = [host.attach(room, 1), host.attach(room, null)];
    expect(one.to(1)[1]).toMatchObject({ state: { mine: 1 } });
    host.command(room, one, 1, 1, 'add', 4);
    await until(() => one.to(1).length === 3);
    expect(one.to(1)[2]).toMatchObject({ patches: [{ path: '/mine', value: 41 }] });
    expect(watcher.to(1)).toHaveLength(2);
  });

  it('is sent only to the acting player when no view shows the change', async () => {
    const host = newHost();
    const room = await host.room();
    const [one, two] = [host.attach(room, 0), host.attach(room, 1)];
    host.command(room, one, 1, 1, 'timer', { name: 'ring', ms: 60_000 });
    await until(() => one.to(1).length === 3);
    expect(one.to(1)[2]).toMatchObject({ kind: 'sync', version: 1, seq: 1, from: 0, patches: [] });
    expect(two.to(1)).toHaveLength(2);
    host.command(room, one, 1, 2, 'add', 4);
    await until(() => two.to(1).length === 3);
    expect(one.to(1)[3]).toMatchObject({ version: 2, seq: 2, from: 1, patches: [{ path: '/count', value: 4 }] });
    expect(two.to(1)[2]).toMatchObject({ version: 2, seq: 0, from: 0, patches: [{ path: '/count', value: 4 }] });
  });

  it('is compact for clients that read compact syncs, and has RFC 6902 patches for other clients', async () => {
    const host = newHost();
    const room = await host.room();
    const [compact, classic] = [host.attach(room, 0, { compact: true }), host.attach(room, 1)];
    const first = compact.to(1)[1] as CompactSync;
    let state: unknown = decodeValue(first.state!);
    expect([first.version, state]).toEqual([0, { count: 0, heard: [] }]);
    host.command(room, compact, 1, 1, 'add', 300);
    await until(() => compact.to(1).length === 3 && classic.to(1).length === 3);
    const second = compact.to(1)[2] as CompactSync;
    state = applyPatch(state, second.patch!);
    expect(second).toMatchObject({ kind: 'compact', seq: 1, input: 0, version: 1, from: 0 });
    expect(state).toEqual({ count: 300, heard: [] });
    expect(classic.to(1)[2]).toMatchObject({ kind: 'sync', from: 0, patches: [{ path: '/count', value: 300 }] });
  });

  it('needs at most 12 bytes for an acknowledgement in compact form', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0, { compact: true });
    for (let seq = 1; seq <= 200; seq++) {
      host.command(room, peer, 1, seq, 'timer', { name: 'ring', ms: 60_000 + seq });
      if (seq % 20 === 0) await until(() => room.durable.version === seq);
    }
    expect(Math.max(...peer.compactBytes.slice(1))).toBeLessThanOrEqual(12);
    expect(peer.to(1).at(-1)).toMatchObject({ seq: 200, version: 200, from: 0 });
  });

  it('contains the hash of the state once in 64 versions', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0, { compact: true });
    for (let seq = 1; seq <= 64; seq++) {
      host.command(room, peer, 1, seq, 'add', 1);
      await until(() => room.durable.version === seq);
    }
    const hashes = peer.to(1).flatMap((message) => (message.kind === 'compact' && message.hash !== undefined ? [message.hash] : []));
    expect(hashes).toEqual([hashValue(stateOf(room))]);
  });

  it('combines the changes of one sync period', async () => {
    const host = newHost();
    const room = await host.room({ rules: counterRules({ syncHz: 5 }) });
    const [one, two] = [host.attach(room, 0, { compact: true }), host.attach(room, 1)];
    for (let seq = 1; seq <= 6; seq++) {
      host.command(room, one, 1, seq, seq % 2 === 0 ? 'emit' : 'add', seq % 2 === 0 ? undefined : seq);
      await until(() => room.durable.version === seq);
    }
    await until(() => (one.to(1).at(-1) as CompactSync).seq === 6 && (two.to(1).at(-1) as Sync).version === 6);
    // The first change is sent immediately. All later changes are sent together after 200 ms.
    expect([one.to(1).length, two.to(1).length]).toEqual([4, 4]);
    expect((one.to(1)[3] as CompactSync).events).toHaveLength(3);
    expect(two.to(1)[3]).toMatchObject({ from: 1, patches: [{ value: 4 }, { value: 9 }] });
  });

  it('waits after a command for the next step or the next attachment when the game has steps', async () => {
    const host = newHost();
    const step = ({ state }: GameRoom<Counter>): void => {
      state.count += 1_000;
    };
    const rules = counterRules({ stepHz: 5, syncHz: 5 }, { step });
    const room = await host.room({ rules });
    const one = host.attach(room, 0, { compact: true });
    await until(() => one.to(1).length === 3);
    host.command(room, one, 1, 1, 'add', 1);
    await until(() => room.durable.seats[0]!.seq === 1);
    expect(one.to(1)).toHaveLength(3);
    const late = host.attach(room, 1, { compact: true });
    expect(one.to(1)[3]).toMatchObject({ seq: 1, version: room.durable.version });
    await until(() => late.to(1).length === 3 && one.to(1).length === 5);
    const states = [one, late].map((peer) => peer.to(1).reduce<unknown>((state, message) => seenAfter(state, message), undefined));
    expect(states[0]).toEqual(states[1]);
    expect((late.to(1)[2] as CompactSync).elapsed).toBeGreaterThan(0);
  });

  it('is, for a spectator, a patch from the last state that the spectator received', async () => {
    const view = (state: Counter) => ({ tens: Math.floor(state.count / 10) });
    const host = newHost();
    const room = await host.room({ rules: counterRules({}, { view: view as RoomRules<Counter>['view'] }) });
    const [one, watcher] = [host.attach(room, 0), host.attach(room, null, { compact: true })];
    for (let seq = 1; seq <= 3; seq++) host.command(room, one, 1, seq, 'add', 4);
    await until(() => one.to(1).length >= 3 && room.durable.version === 3 && watcher.to(1).length === 3);
    expect(watcher.to(1)[2]).toMatchObject({ version: 3, from: 0 });
    expect(watcher.to(1).reduce<unknown>((state, message) => seenAfter(state, message), undefined)).toEqual({ tens: 1 });
  });

  it('is one sync for recipients with equal views', async () => {
    const view = (state: Counter, seat: number | null) => (seat === null ? { watched: true } : { team: { count: state.count } });
    const host = newHost();
    const room = await host.room({ rules: counterRules({}, { view: view as RoomRules<Counter>['view'] }) });
    const peers = [host.attach(room, 0, { compact: true }), host.attach(room, 1, { compact: true })];
    for (const seq of [1, 2]) {
      host.command(room, peers[0]!, 1, seq, 'add', 6);
      await until(() => peers.every((peer) => peer.to(1).length === 2 + seq));
    }
    const [first, second] = [...room.attachments];
    expect(first!.seen).toEqual({ team: { count: 12 } });
    expect(second!.seen).toBe(first!.seen);
    for (const peer of peers)
      expect(peer.to(1).reduce<unknown>((state, message) => seenAfter(state, message), undefined)).toEqual(first!.seen);
  });

  it("is, for each recipient, a patch from the recipient's earlier view when the views become equal", async () => {
    const view = (state: Counter, seat: number | null) => (seat === 0 || state.count >= 10 ? state : { hidden: state.count });
    const host = newHost();
    const room = await host.room({ rules: counterRules({}, { view: view as RoomRules<Counter>['view'] }) });
    const peers = [host.attach(room, 0, { compact: true }), host.attach(room, null, { compact: true })];
    const actor = host.attach(room, 1);
    for (const seq of [1, 2]) {
      host.command(room, actor, 1, seq, 'add', 6);
      await until(() => peers.every((peer) => peer.to(1).length === 2 + seq));
    }
    const states = peers.map((peer) => peer.to(1).reduce<unknown>((state, message) => seenAfter(state, message), undefined));
    expect(states).toEqual([
      { count: 12, heard: [] },
      { count: 12, heard: [] },
    ]);
  });

  it('contains the change of a step as soon as the change is durable', async () => {
    const host = newHost();
    const step = ({ state }: GameRoom<Counter>): void => {
      state.count += 1;
    };
    const room = await host.room({ rules: counterRules({ stepHz: 1, syncHz: 1 }, { step }) });
    const peer = host.attach(room, 0);
    host.engine.input(room, { kind: 'step' });
    await until(() => room.durable.version > 0);
    expect(peer.to(1)[2]).toMatchObject({ version: 1, patches: [{ path: '/count', value: 1 }] });
  });

  it('contains the remaining changes of a game before the message `ended`', async () => {
    const host = newHost();
    const room = await host.room({ rules: counterRules({ syncHz: 1 }) });
    const peer = host.attach(room, 0);
    for (const [index, name] of ['add', 'add', 'end'].entries()) {
      host.command(room, peer, 1, index + 1, name, 1);
      await until(() => room.durable.version === index + 1);
    }
    expect(peer.to(1).slice(3)).toMatchObject([{ kind: 'sync', seq: 3, version: 3, patches: [{ value: 2 }] }, { kind: 'ended' }]);
  });

  it('repeats the acknowledgement when a client repeats a command', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'add', 1);
    await until(() => peer.to(1).length === 3);
    host.command(room, peer, 1, 1, 'add', 1);
    expect(peer.to(1)[3]).toMatchObject({ kind: 'sync', version: 1, seq: 1, patches: [] });
    expect(stateOf(room).count).toBe(1);
  });

  it('is a patch from the version of the last sync, even when that sync only repeated an acknowledgement', async () => {
    const host = newHost();
    const room = await host.room();
    const [one, two] = [host.attach(room, 0), host.attach(room, 1)];
    host.command(room, one, 1, 1, 'add', 1);
    await until(() => one.to(1).length === 3);
    host.command(room, two, 1, 1, 'timer', { name: 'ring', ms: 60_000 });
    await until(() => room.durable.version === 2);
    host.command(room, one, 1, 1, 'add', 1);
    expect(one.to(1)[3]).toMatchObject({ version: 2, from: 1, patches: [] });
    host.command(room, two, 1, 2, 'add', 1);
    await until(() => one.to(1).length === 5);
    expect(one.to(1)[4]).toMatchObject({ version: 3, from: 2 });
  });

  it('contains RFC 6902 patches for a returning client that missed changes, even if the client reads compact syncs', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'add', 1);
    await until(() => room.durable.version === 1);
    expect(host.attach(room, 0, { version: 0, compact: true }).to(1)[1]).toMatchObject({ kind: 'sync', from: 0, patches: [{ value: 1 }] });
    const back = host.attach(room, 0, { version: 1, compact: true });
    expect(back.to(1)[1]).toMatchObject({ kind: 'compact', version: 1, from: 1, seq: 1 });
    expect((back.to(1)[1] as CompactSync).patch).toHaveLength(0);
    host.command(room, back, 1, 2, 'add', 1);
    await until(() => back.to(1).length === 3);
    expect(seenAfter({ count: 1, heard: [] }, back.to(1)[2]!)).toEqual({ count: 2, heard: [] });
  });

  it('contains the room time for each client that reads compact syncs and returns to a game with steps', async () => {
    const host = newHost();
    const step = ({ state }: GameRoom<Counter>): void => {
      state.count += 1;
    };
    const room = await host.room({ rules: counterRules({ stepHz: 20, syncHz: 20 }, { step }) });
    await until(() => room.durable.version >= 2);
    const behind = host.attach(room, 0, { version: 1, compact: true });
    const { time, state } = behind.to(1)[1] as CompactSync;
    expect([time, decodeValue(state!)]).toEqual([room.changedAt, room.durable.state]);
    const { version } = room.durable;
    const even = host.attach(room, 1, { version, compact: true });
    expect(even.to(1)[1]).toMatchObject({ kind: 'compact', version, from: version, time: room.changedAt });
  });

  it('ends with `ended` when the view cannot be sent', async () => {
    const view = ({ count }: Counter) => (count === 13 ? { at: new Date(0) } : { count });
    const host = newHost();
    const room = await host.room({ rules: counterRules({ syncHz: 1 }, { view: view as RoomRules<Counter>['view'] }) });
    const one = host.attach(room, 0, { compact: true });
    host.command(room, one, 1, 1, 'add', 1);
    await until(() => one.to(1).length === 3);
    host.command(room, one, 1, 2, 'add', 12);
    await until(() => room.durable.version === 2);
    const two = host.attach(room, 1, { compact: true });
    await until(() => kinds(two.to(1)).includes('ended'));
    expect(two.to(1).at(-1)).toMatchObject({ kind: 'ended', reason: 'game-failed' });
    expect(kinds(one.to(1)).at(-1)).toBe('ended');
  });
});

describe('the commands that arrive in one event-loop tick', () => {
  it('are handled in order within each room', async () => {
    const host = newHost();
    const [one, other] = [await host.room(), await host.room()];
    const [a, b, c] = [host.attach(one, 0), host.attach(one, 1, { handle: 2 }), host.attach(other, 0, { handle: 3 })];
    host.command(one, a, 1, 1, 'add', 1);
    host.command(other, c, 3, 1, 'throw');
    host.command(one, b, 2, 1, 'add', 10);
    host.command(one, a, 1, 2, 'unknown');
    host.command(other, c, 3, 2, 'add', 100);
    host.command(one, a, 1, 3, 'add', 1000);
    await until(() => one.durable.version === 3 && other.durable.version === 1);
    expect([stateOf(one).count, stateOf(other).count]).toEqual([1011, 100]);
    expect(one.durable.seats.map(({ seq }) => seq)).toEqual([3, 1]);
    expect(a.to(1).filter(({ kind }) => kind === 'rejected')).toMatchObject([{ seq: 2, code: 'unknown-command' }]);
    expect(c.to(3).filter(({ kind }) => kind === 'rejected')).toMatchObject([{ seq: 1, code: 'game-failed' }]);
  });

  it('are handled before any other input of their room', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'add', 5);
    host.engine.input(room, { kind: 'end', result: { reason: 'operator' } });
    expect(stateOf(room)).toMatchObject({ count: 5 });
    expect(room.value.version).toBe(2);
  });
});

describe('the refusal of a command', () => {
  it('is sent immediately when no change waits for the store', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'refuse');
    host.command(room, peer, 1, 1, 'refuse');
    expect(peer.to(1).slice(2)).toMatchObject([
      { kind: 'rejected', seq: 1, code: 'not-your-turn', message: 'Wait.' },
      { kind: 'rejected', seq: 1, code: 'not-your-turn' },
    ]);
  });

  it('waits until earlier changes are durable', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.roomLog.callsToLose = 1;
    host.command(room, peer, 1, 1, 'add', 1);
    host.command(room, peer, 1, 2, 'refuse');
    await until(() => host.roomLog.sent.length === 1);
    expect(kinds(peer.to(1))).toEqual(['placed', 'sync']);
    await until(() => peer.to(1).length === 4);
    expect(peer.to(1).slice(2)).toMatchObject([
      { kind: 'rejected', seq: 2 },
      { kind: 'sync', seq: 1 },
    ]);
  });

  it('is sent again to a player who returns before the next change is stored', async () => {
    const host = newHost();
    const room = await host.room();
    const [lost, other] = [host.attach(room, 0), host.attach(room, 1)];
    host.command(room, lost, 1, 1, 'refuse');
    const back = host.attach(room, 0);
    host.command(room, other, 1, 1, 'add', 1);
    await until(() => kinds(back.to(1)).filter((kind) => kind === 'sync').length === 2);
    expect(back.to(1)).toMatchObject([
      { kind: 'placed', seq: 1 },
      { kind: 'sync', seq: 0 },
      { kind: 'rejected', seq: 1, code: 'not-your-turn' },
      { kind: 'sync', seq: expect.any(Number) },
    ]);
  });

  it('is stored with the change that another player makes in the same event-loop tick', async () => {
    const host = newHost();
    const room = await host.room();
    const [lost, other] = [host.attach(room, 0), host.attach(room, 1)];
    host.command(room, lost, 1, 1, 'refuse');
    host.command(room, other, 1, 1, 'add', 1);
    await until(() => room.durable.version === 1);
    host.command(room, lost, 1, 2, 'add', 1);
    await until(() => room.durable.version === 2);
    expect(room.judgeSeq(0, 1, 0)).toEqual({ kind: 'refused-before', code: 'not-your-turn' });
    const back = host.attach(room, 0);
    expect(back.to(1)).toMatchObject([
      { kind: 'placed', seq: 2 },
      { kind: 'rejected', seq: 1, code: 'not-your-turn' },
      { kind: 'sync', seq: 2 },
    ]);
  });

  it('has different codes for an unknown command, a handler that throws, and a spectator', async () => {
    const host = newHost();
    const room = await host.room();
    const [peer, watcher] = [host.attach(room, 0), host.attach(room, null)];
    host.command(room, peer, 1, 1, 'no-such-command');
    host.command(room, peer, 1, 2, 'throw');
    host.command(room, watcher, 1, 1, 'add', 1);
    await tick();
    expect(peer.to(1).slice(2)).toMatchObject([{ code: 'unknown-command' }, { code: 'game-failed' }]);
    expect(watcher.to(1)[2]).toMatchObject({ kind: 'rejected', code: 'spectator' });
    expect(room.value.version).toBe(0);
  });

  it('has the code `busy` when too many changes of the room wait for the store', async () => {
    const host = newHost();
    const room = await host.room();
    host.roomLog.callsToLose = 1_000;
    for (let seq = 1; seq <= UNFLUSHED_MAX; seq++) host.engine.input(room, { kind: 'command', seat: 0, seq, name: 'add', data: 1 });
    expect(host.engine.input(room, { kind: 'command', seat: 0, seq: 999, name: 'add', data: 1 })).toMatchObject({ code: 'busy' });
  });

  it('is sent when a command would make the room too large', async () => {
    const host = newHost({ stateBytesMax: 1_000 });
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'grow', 700);
    host.command(room, peer, 1, 2, 'grow', 2_000);
    host.command(room, peer, 1, 3, 'add', 1);
    await until(() => room.durable.version === 2);
    expect(peer.to(1)).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'rejected', seq: 2, code: 'state-too-large' })]));
    expect(stateOf(room)).toMatchObject({ count: 1, text: 'x'.repeat(700) });
    expect(pack(room.value).length).toBeLessThan(1_000);
  });
});

describe('the appends of an owner', () => {
  it('are sent to Redis together for all rooms that change in one event-loop tick', async () => {
    const host = newHost();
    const rooms = await Promise.all([host.room(), host.room(), host.room()]);
    for (const room of rooms)
      for (let seq = 1; seq <= 3; seq++) host.engine.input(room, { kind: 'command', seat: 0, seq, name: 'add', data: 1 });
    await Promise.all(rooms.map((room) => host.appender.whenSettled(room)));
    expect(host.roomLog.sent).toHaveLength(1);
    expect(host.roomLog.sent[0].map(({ entries }) => entries.length)).toEqual([3, 3, 3]);
  });

  it('are repeated unchanged when their answer is lost', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.roomLog.answersToLose = 2;
    host.command(room, peer, 1, 1, 'add', 1);
    await until(() => host.roomLog.sent.length === 1);
    host.command(room, peer, 1, 2, 'add', 1);
    await host.appender.whenSettled(room);
    const [first, second, third, last] = host.roomLog.sent.map(([append]) => append);
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(last).toMatchObject({ from: 1 });
    expect(last.batch).not.toBe(first.batch);
    expect(await host.roomLog.readTenures([room.id])).toMatchObject([{ version: 2 }]);
    expect(stateOf(room).count).toBe(2);
    expect(kinds(peer.to(1).slice(2))).toEqual(['sync', 'sync']);
  });

  it('do not delay the steps of their room', async () => {
    const host = newHost();
    const step = ({ state }: GameRoom<Counter>): void => {
      state.count += 1;
    };
    const room = await host.room({ rules: counterRules({ stepHz: 1, syncHz: 1, draft: 'auto' }, { step }) });
    host.roomLog.callsToLose = Number.POSITIVE_INFINITY;
    for (let count = 0; count < 50; count++) {
      host.engine.input(room, { kind: 'step' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The version can be above 50, because the schedule of the room can also run steps.
    expect(room.value.version).toBeGreaterThanOrEqual(50);
    expect(room.durable.version).toBe(0);
    host.roomLog.callsToLose = 0;
    await until(() => room.durable.version >= 50);
    expect(room.durable.state).toMatchObject({ count: room.durable.version });
  });

  it('make the owner drop the room when the store answers `fenced`', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    await host.roomLog.adopt(room.id, room.tenure, { server: serverId('game', 'other'), incarnation: 1 });
    host.command(room, peer, 1, 1, 'add', 1);
    await until(() => room.status === 'dropped');
    expect(kinds(peer.to(1))).toEqual(['placed', 'sync']);
    expect(peer.events).toMatchObject([{ pattern: 'room.detached', data: { reason: 'fenced' } }]);
    expect(host.rooms.get(room.id)).toBeUndefined();
  });

  it("succeed for the other rooms when one room's append fails", async () => {
    const host = newHost();
    const [lost, fine] = await Promise.all([host.room(), host.room()]);
    await host.roomLog.adopt(lost.id, lost.tenure, { server: serverId('game', 'other'), incarnation: 1 });
    for (const room of [lost, fine]) host.engine.input(room, { kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    await host.appender.whenSettled(fine);
    expect(lost.status).toBe('dropped');
    expect(fine.durable.version).toBe(1);
  });

  it('make the owner request an audit of the room when the store has an older version of the room', async () => {
    const host = newHost();
    const room = await host.room();
    const behind: HostedRoom[] = [];
    host.appender.onBehind((found) => behind.push(found));
    await redis.commands.hset(`hf:room:{${room.id}}`, 'version', -1);
    host.engine.input(room, { kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    await until(() => behind.length > 0);
    expect(behind[0]).toBe(room);
    expect(room.inFlight).not.toBeNull();
  });

  it('do not delay another room when a change of one room cannot be stored', async () => {
    const host = newHost();
    const [odd, fine] = await Promise.all([host.room(), host.room()]);
    const peer = host.attach(odd, 0);
    host.command(odd, peer, 1, 1, 'oddity');
    host.engine.input(fine, { kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    await until(() => fine.durable.version === 1, 1_000);
    await tick();
    expect(peer.to(1).at(-1)).toMatchObject({ kind: 'rejected', seq: 1, code: 'game-failed' });
    host.command(odd, peer, 1, 2, 'add', 1);
    await until(() => odd.durable.version === 1, 1_000);
  });

  it('continue after the handler of a command throws a value that is not an error', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'textless');
    await tick();
    expect(peer.to(1).at(-1)).toMatchObject({ kind: 'rejected', seq: 1, code: 'game-failed' });
    host.command(room, peer, 1, 2, 'add', 1);
    await until(() => room.durable.version === 1, 1_000);
  });

  it('make the owner end the game of a room whose changes cannot be packed', async () => {
    const host = newHost();
    const [odd, fine] = await Promise.all([host.room(), host.room()]);
    const logged = jest.spyOn(log, 'error');
    // The rules would refuse a value that cannot be packed. So the test adds the value directly to the change.
    odd.handle({ kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    (odd.unflushed[0].patches as Patch[]).push({ op: 'add', path: '/odd', value: 10n ** 30n });
    host.appender.markDirty(odd);
    host.engine.input(fine, { kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    await until(() => fine.durable.version === 1 && odd.status === 'dropped', 1_000);
    const result = { reason: 'game-failed', message: 'The game made a change that cannot be stored.' };
    expect(await records.read(odd.id)).toMatchObject({ status: 'waiting', result });
    expect(logged).toHaveBeenCalledWith('game.failed', expect.objectContaining({ roomId: odd.id, handler: 'append' }));
    logged.mockRestore();
  });
});

describe('the view of a game', () => {
  it('makes the room end the game when the view throws in a sync that is sent with a step', async () => {
    const view = (state: Counter): Counter => {
      if (state.count > 0) throw new Error('a defect of the view');
      return state;
    };
    const host = newHost();
    const rules = counterRules({ stepHz: 20, syncHz: 20 }, { view: view as RoomRules<Counter>['view'], step: () => {} });
    const room = await host.room({ rules });
    const one = host.attach(room, 0);
    host.command(room, one, 1, 1, 'add', 1);
    await until(() => room.durable.ended?.reason === 'game-failed');
  });

  it('makes only its own room end the game when the view throws', async () => {
    const view = (state: Counter) => {
      if (state.text) throw new Error('a defect of the view');
      return state;
    };
    const host = newHost();
    const [odd, fine] = await Promise.all([host.room({ rules: counterRules({}, { view }) }), host.room()]);
    const peer = host.attach(odd, 0);
    host.command(odd, peer, 1, 1, 'poison');
    host.engine.input(fine, { kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    await until(() => fine.durable.version === 1, 1_000);
    await until(() => odd.status === 'dropped', 1_000);
    expect(await records.read(odd.id)).toMatchObject({ status: 'waiting', result: { reason: 'game-failed' } });
    expect(peer.to(1).at(-1)).toMatchObject({ kind: 'ended', reason: 'game-failed' });
  });

  it.each<[string, string, unknown]>([
    ['a Date', 'poison', new Date(0)],
    ['undefined', 'poison', undefined],
    ['a text cut in the middle of an emoji', 'add', '😀'.slice(1)],
  ])('makes the room end the game when the view contains %s', async (_what, command, shown) => {
    const view = (state: Counter) => (state.text || state.count > 0 ? { shown } : { shown: null });
    const host = newHost();
    const odd = await host.room({ rules: counterRules({}, { view }) });
    const peer = host.attach(odd, 0);
    host.command(odd, peer, 1, 1, command, 1);
    await until(() => odd.status === 'dropped', 1_000);
    expect(await records.read(odd.id)).toMatchObject({ status: 'waiting', result: { reason: 'game-failed' } });
    expect(peer.to(1).at(-1)).toMatchObject({ kind: 'ended', reason: 'game-failed' });
  });

  it('makes the room end the game when a session attaches and its view cannot be sent', async () => {
    const host = newHost();
    const view = (state: Counter, seat: number | null) => (seat === null ? new Map() : state);
    const odd = await host.room({ rules: counterRules({}, { view }) });
    const peer = host.attach(odd, null);
    await until(() => odd.status === 'dropped', 1_000);
    expect(peer.to(1).at(-1)).toMatchObject({ kind: 'ended', reason: 'game-failed' });
  });
});

describe('the end of a game', () => {
  it('makes the room wait for its next game, and sends the result to the players', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    host.roomLog.answersToLose = 1;
    host.command(room, peer, 1, 1, 'end');
    await until(() => room.status === 'dropped');
    expect(peer.to(1).slice(2)).toMatchObject([
      { kind: 'sync', version: 1, seq: 1 },
      { kind: 'ended', reason: 'finished', result: { winner: 0 } },
    ]);
    expect(await records.read(room.id)).toMatchObject({ status: 'waiting', round: 1, result: { reason: 'finished' } });
    expect(await host.endedStore.epilogue(room.id)).toMatchObject({ version: 1, seats: [{ user: 'u0', seq: 1 }, { user: 'u1' }] });
  });

  it('is the only append of a game of durability `none`', async () => {
    const host = newHost();
    const room = await host.room({ rules: counterRules({ durability: 'none' }) });
    const peer = host.attach(room, 0);
    host.command(room, peer, 1, 1, 'add', 1);
    await until(() => peer.to(1).length === 3);
    expect(host.roomLog.sent).toEqual([]);
    host.command(room, peer, 1, 2, 'end');
    await until(() => room.status === 'dropped');
    expect(await records.read(room.id)).toMatchObject({ status: 'waiting', round: 1 });
  });
});

describe('the room host', () => {
  const schedule = (host: ReturnType<typeof newHost>, room: HostedRoom, seq: number, name: string, ms: number) =>
    host.engine.input(room, { kind: 'command', seat: 0, seq, name: 'timer', data: { name, ms } });

  it('fires a due timer only once', async () => {
    const host = newHost();
    const room = await host.room();
    schedule(host, room, 1, 'ring', 15);
    schedule(host, room, 2, 'chime', 45);
    await until(() => stateOf(room).heard.includes('chime'));
    expect(stateOf(room).heard).toEqual(['ring', 'chime']);
    expect(room.value.timers.ring).toBeUndefined();
  });

  it('fires a rescheduled timer only at its new due time', async () => {
    const host = newHost();
    const room = await host.room();
    schedule(host, room, 1, 'ring', 10);
    schedule(host, room, 2, 'ring', 60_000);
    schedule(host, room, 3, 'chime', 30);
    await until(() => stateOf(room).heard.includes('chime'));
    expect(stateOf(room).heard).toEqual(['chime']);
    schedule(host, room, 4, 'ring', 1);
    await until(() => stateOf(room).heard.includes('ring'));
  });

  it('does not fire a timer early when the timer is due in a month', async () => {
    const host = newHost();
    const room = await host.room();
    schedule(host, room, 1, 'ring', 30 * 86_400_000);
    schedule(host, room, 2, 'chime', 30);
    await until(() => stateOf(room).heard.includes('chime'));
    expect(stateOf(room).heard).toEqual(['chime']);
  });

  it('fires a timer that was due while the room had no owner', async () => {
    const host = newHost();
    const first = await host.room();
    schedule(host, first, 1, 'ring', 50);
    const { value } = first;
    const dueAt = value.timers.ring;
    await host.appender.whenSettled(first);
    host.rooms.drop(first, 'moved');
    await until(() => TIME.now() > dueAt);
    const { epoch } = (await host.roomLog.adopt(first.id, first.tenure, owner)) as { epoch: number };
    const second = new HostedRoom(first.machine, { ...owner, epoch }, value, { batch: '', doc, rev: 1, start: 's', round: 0 }, TIME);
    host.rooms.add(second);
    await until(() => stateOf(second).heard.includes('ring'));
  });

  it('ends a game when the handler of a timer fails', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = host.attach(room, 0);
    schedule(host, room, 1, 'break', 1);
    await until(() => room.status === 'dropped');
    expect(peer.to(1).at(-1)).toMatchObject({ kind: 'ended', reason: 'game-failed' });
    expect(await records.read(room.id)).toMatchObject({ status: 'waiting', result: { reason: 'game-failed' } });
  });

  it('informs the game when a player is away, returns or leaves', async () => {
    const host = newHost({ awayAfterMs: 20 });
    const room = await host.room();
    host.attach(room, 1, { handle: 2 });
    const peer = host.attach(room, 0);
    host.attachments.detach(peer.peer, { handle: 1, gone: 'away' });
    await until(() => stateOf(room).heard.includes('away:0'));
    const again = host.attach(room, 0);
    await until(() => stateOf(room).heard.includes('back:0'));
    host.attachments.detach(again.peer, { handle: 1, gone: 'away' });
    await until(() => stateOf(room).heard.includes('left:0'));
    expect(stateOf(room).heard).toEqual(['away:0', 'back:0', 'away:0', 'left:0']);
    expect(() => host.attach(room, 0)).toThrow(/no seat/);
  });

  it('does not inform the game about a player who returns before `awayAfterMs`', async () => {
    const host = newHost({ awayAfterMs: 20 });
    const room = await host.room({ players: 1 });
    const peer = host.attach(room, 0);
    host.attachments.detach(peer.peer, { handle: 1, gone: 'away' });
    host.attach(room, 0);
    schedule(host, room, 1, 'chime', 40);
    await until(() => stateOf(room).heard.includes('chime'));
    expect(stateOf(room).heard).toEqual(['chime']);
  });

  it('abandons a game when all its players have left', async () => {
    const host = newHost();
    const room = await host.room();
    const peer = new RecordingPeer();
    for (const seat of [0, 1]) host.attach(room, seat, { peer, handle: seat + 1 });
    for (const handle of [1, 2]) host.attachments.detach(peer.peer, { handle, gone: 'left' });
    await until(() => room.status === 'dropped');
    expect(await records.read(room.id)).toMatchObject({ result: { reason: 'abandoned' } });
  });

  it('keeps the rate of steps after a failed migration', async () => {
    const lengths: number[] = [];
    const rules = counterRules({ stepHz: 50 }, { step: (_, ms) => void lengths.push(ms) });
    const host = newHost();
    const room = await host.room({ rules });
    await until(() => lengths.length > 2);
    room.become('freezing');
    room.become('active');
    host.clock.start(room);
    const [from, startedAt] = [lengths.length, performance.now()];
    await until(() => lengths.length >= from + 20);
    const steps = lengths.length - from;
    // A room with two schedules would run 40 steps in this time.
    expect(steps * 20).toBeLessThan(performance.now() - startedAt + 60);
    expect(new Set(lengths)).toEqual(new Set([20]));
    host.rooms.drop(room, 'evicted');
    const after = lengths.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(lengths.length).toBe(after);
  });
});

describe('the volatile events of a game', () => {
  it('are sent only to attached players, and not later to players who return', async () => {
    const host = newHost();
    const commands = new Map([
      [
        'shoot',
        {
          validate: (value: unknown) => ({ ok: true as const, value }),
          run: (room: GameRoom<Counter>) => {
            room.state.count += 1;
            room.emit('flash', undefined, { volatile: true });
            room.emit('secret flash', undefined, { volatile: true, to: [0] });
            room.emit('hit');
          },
        },
      ],
    ]);
    const room = await host.room({ rules: counterRules({}, { commands }) });
    const [one, two] = [host.attach(room, 0), host.attach(room, 1)];
    host.command(room, one, 1, 1, 'shoot');
    await until(() => one.to(1).length === 3 && two.to(1).length === 3);
    const eventsIn = (message: unknown) => (message as Sync).events?.map(({ name }) => name);
    expect(eventsIn(one.to(1)[2])).toEqual(['flash', 'secret flash', 'hit']);
    expect(eventsIn(two.to(1)[2])).toEqual(['flash', 'hit']);
    const back = host.attach(room, 1, { handle: 5, version: 0 });
    expect(back.to(5).flatMap((message) => eventsIn(message) ?? [])).toEqual(['hit']);
  });
});

describe('the inputs of players', () => {
  const rules = (queue = 0) =>
    counterRules(
      { stepHz: 50 },
      {
        input: { queue, validate: (data) => (typeof data === 'number' ? { ok: true, value: data } : { ok: false, message: 'no number' }) },
        step: (room) => {
          room.state.count += (room.input(0) as number | undefined) ?? 0;
        },
      },
    );

  it('are used by every step of the game until a newer input arrives', async () => {
    const host = newHost();
    const room = await host.room({ rules: rules() });
    const peer = host.attach(room, 0);
    host.input(room, peer, 1, 1, 5);
    await until(() => stateOf(room).count >= 15);
    host.input(room, peer, 1, 2, 0);
    await until(() => room.durable.seats[0]!.input === 2);
    expect(room.durable.seats[1]!.input).toBeUndefined();
    const { log: stored } = (await host.roomLog.adopt(room.id, room.tenure, owner)) as AdoptedRoom;
    expect(stored.changes.flatMap(({ seats }) => seats?.[0]?.input ?? [])).toEqual([1, 2]);
  });

  it('are acknowledged to their player once per second when they change nothing', async () => {
    const host = newHost();
    const room = await host.room({ rules: rules() });
    const peer = host.attach(room, 0, { compact: true });
    const other = host.attach(room, 1, { compact: true, handle: 2 });
    const [own] = [...room.attachments];
    const syncs = () => peer.to(1).filter(({ kind }) => kind === 'compact');
    expect(syncs()).toHaveLength(1);
    host.input(room, peer, 1, 1, 0);
    await until(() => room.durable.seats[0]!.input === 1);
    expect(syncs()).toHaveLength(1);
    // Moves the time of the last sync that acknowledged an input one second into the past.
    own!.inputAt -= 1_000;
    host.input(room, peer, 1, 2, 0);
    await until(() => syncs().length === 2);
    expect(syncs()[1]).toMatchObject({ input: 2, patch: new Uint8Array(0) });
    host.input(room, peer, 1, 3, 0);
    await until(() => room.durable.seats[0]!.input === 3);
    expect([syncs().length, other.to(2).filter(({ kind }) => kind === 'compact').length]).toEqual([2, 1]);
  });

  it('are ignored when they come from an earlier connection of the player', async () => {
    const host = newHost();
    const room = await host.room({ rules: rules() });
    const peer = host.attach(room, 0);
    host.input(room, peer, 1, 1, 5);
    await until(() => stateOf(room).count >= 5);
    const again = host.attach(room, 0, { handle: 2 });
    const { count } = stateOf(room);
    const version = room.value.version;
    host.input(room, peer, 1, 2, 7);
    host.input(room, again, 2, 3, 0);
    await until(() => room.value.seats[0]!.input === 3);
    expect([stateOf(room).count, room.value.version]).toEqual([count, version + 1]);
  });

  it('change nothing when they are unreadable, invalid or from a spectator', async () => {
    const host = newHost();
    const room = await host.room({ rules: rules() });
    const peer = host.attach(room, 0);
    const watcher = host.attach(room, null);
    const dropped: string[] = [];
    room.inputs!.counts = { taken: () => {}, dropped: (reason) => dropped.push(reason) };
    host.relay(room, peer, 1, Buffer.from([0x07, 0, 0, 0, 1, 0xc1]));
    host.relay(room, peer, 1, Buffer.from([0x07, 0, 0]));
    host.input(room, watcher, 1, 1, 9);
    host.input(room, peer, 1, 2, 'fast');
    await until(() => dropped.length === 2);
    expect([stateOf(room).count, dropped]).toEqual([0, ['invalid', 'invalid']]);
    host.input(room, peer, 1, 3, 4);
    await until(() => stateOf(room).count >= 4);
  });
});

describe('the effects of a game', () => {
  function runner(host: ReturnType<typeof newHost>, pay: EffectRun): void {
    const handlers = { get: (_game: string | null, name: string) => (name === 'pay' ? pay : undefined) };
    const registry = { effectHandlers: handlers } as unknown as GameRegistry;
    const metrics = new Metrics({ server: 'hf:game:test', level: 'silent', format: 'json' });
    const checkpointer = new Checkpointer(host.roomLog, host.rooms, log, host.appender, ROOM_HOST_DEFAULTS);
    const effects = new EffectRunner(
      registry,
      host.engine,
      host.endedStore,
      log,
      host.appender,
      host.rooms,
      DIRECT_GUARD,
      checkpointer,
      new EffectWatch(log, metrics, ROOM_HOST_DEFAULTS),
      new EffectResults(host.engine, log, metrics),
    );
    checkpointer.onModuleInit();
    effects.onModuleInit();
  }

  it('are repeated under an unchanged key until they succeed', async () => {
    const host = newHost();
    const keys: string[] = [];
    runner(host, async ({ key }) => {
      keys.push(key);
      if (keys.length === 1) throw new Error('the bank is closed');
    });
    const room = await host.room();
    host.engine.input(room, { kind: 'command', seat: 0, seq: 1, name: 'effect', data: 5 });
    expect(keys).toEqual([]);
    await until(() => room.durable.version === 2);
    const key = `${room.id}:${room.tenure.epoch}:1:0`;
    expect(keys).toEqual([key, key]);
    expect(room.durable.outbox).toEqual([]);
  });

  it('are run by the next owner when the last owner is lost', async () => {
    const host = newHost();
    const room = await host.room();
    host.engine.input(room, { kind: 'command', seat: 0, seq: 1, name: 'effect', data: 5 });
    await host.appender.whenSettled(room);
    const next = newHost();
    const run: unknown[] = [];
    runner(next, async ({ data }) => void run.push(data));
    const { epoch } = (await host.roomLog.adopt(room.id, room.tenure, owner)) as { epoch: number };
    const revived = new HostedRoom(
      room.machine,
      { ...owner, epoch },
      room.durable,
      { batch: room.batch, doc, rev: 1, start: 's', round: 0 },
      TIME,
    );
    next.rooms.add(revived);
    await until(() => revived.durable.outbox.length === 0);
    expect(run).toEqual([5]);
  });
});
