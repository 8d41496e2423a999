import * as fc from 'fast-check';
import type { FleetLinks, ServerDirectory } from '#libs/fleet';
import { LINK_HEADER, LINK_KIND, type LinkPeer, type Links } from '#libs/link';
import {
  decodeServerMessage,
  encodePlayerMessage,
  encodeServerMessage,
  pack,
  type RoomId,
  type ServerId,
  type ServerMessage,
  type SessionId,
  type UserId,
} from '#libs/protocol';
import type { EndedGameStore, RoomRecord } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import {
  ATTACH_TIMEOUT_MS,
  DELAYED_COMMANDS_MAX,
  DELAYED_COMMANDS_MS,
  type EdgeOptions,
  LOST_POLL_MS,
  LOST_READ_MS,
} from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { GameEndNotifier } from './game-end-notifier.js';
import { OwnerAttachments } from './owner-attachments.js';
import { RoomFrames } from './room-frames.js';
import type { RoomRecordCache } from './room-record-cache.js';
import { SessionRooms } from './session-rooms.js';
import { StalledOwnerNotifier } from './stalled-owner-notifier.js';

const ROOM = 'r1' as RoomId;
const telemetry = { server: 'hf:gateway:spec', level: 'silent', format: 'json' } as const;

/** The owner of a room at the other end of a link. The test decides what the owner sends. */
class Owner {
  readonly events: { pattern: string; data: Record<string, unknown> }[] = [];
  readonly frames: { handle: number; epoch: number; frame: Buffer }[] = [];
  isOpen = true;
  isCongested = false;
  constructor(
    readonly id: ServerId,
    readonly incarnation = 1,
  ) {}
  emit(pattern: string, data: Record<string, unknown>): void {
    this.events.push({ pattern, data });
  }
  sendSessionFrame(_: number, handle: number, epoch: number, frame: Uint8Array): void {
    this.frames.push({ handle, epoch, frame: Buffer.from(frame) });
  }
  sendInput(handle: number, epoch: number, frame: Uint8Array): void {
    this.sendSessionFrame(0, handle, epoch, frame);
  }
  attachRequests(): Record<string, unknown>[] {
    return this.events.filter(({ pattern }) => pattern === 'room.attach').flatMap(({ data }) => data.sessions as Record<string, unknown>[]);
  }
}

/** The classes of a gateway that transfer messages between players and owners. The test writes the record of the room. */
class Gateway {
  readonly owners = new Map<ServerId, Owner>();
  readonly refreshed: RoomId[] = [];
  record: RoomRecord | null = null;
  private readonly handlers = new Map<number, (peer: unknown, frame: Buffer) => void>();
  private readonly closed: ((peer: LinkPeer) => void)[] = [];
  private readonly silence: ((peer: LinkPeer, isSilent: boolean) => void)[] = [];
  private listener: Parameters<RoomRecordCache['onChange']>[0] | null = null;
  private readonly links = {
    onFrame: (kind: number, handler: (peer: unknown, frame: Buffer) => void) => this.handlers.set(kind, handler),
    onClosed: (listener: (peer: LinkPeer) => void) => this.closed.push(listener),
    onSilence: (listener: (peer: LinkPeer, isSilent: boolean) => void) => this.silence.push(listener),
  } as unknown as Links;
  private readonly cache = {
    onChange: (listener: Parameters<RoomRecordCache['onChange']>[0]) => {
      this.listener = listener;
    },
    follow: () => this.record,
    unfollow: () => {},
    get: () => this.record,
    refresh: (room: RoomId) => this.refreshed.push(room),
  } as unknown as RoomRecordCache;
  private readonly metrics = new Metrics(telemetry);
  private readonly table = new SessionTable(this.metrics);
  private readonly ends = new GameEndNotifier({ epilogue: async () => null } as unknown as EndedGameStore, new Log(telemetry));
  readonly attachments = new OwnerAttachments(
    this.table,
    this.cache,
    { get: (id: ServerId) => this.owners.get(id), to: async ({ id }: { id: ServerId }) => this.owners.get(id) } as unknown as FleetLinks,
    { get: () => undefined } as unknown as ServerDirectory,
    new Log(telemetry),
    this.metrics,
    this.links,
  );
  readonly frames = new RoomFrames(
    this.table,
    this.cache,
    this.attachments,
    this.ends,
    this.metrics,
    { backlogBytesMax: 1_000 } as EdgeOptions,
    this.links,
  );
  readonly rooms = new SessionRooms(this.cache, this.attachments, this.ends, new Log(telemetry));
  readonly stalled = new StalledOwnerNotifier(this.table, this.attachments, this.links);
  /** Calls the methods that `@Interval` calls in a server. */
  readonly polling = setInterval(() => {
    this.attachments.pollWaiting();
    this.frames.refuseOverdue();
  }, LOST_POLL_MS);

  constructor() {
    for (const part of [this.attachments, this.frames, this.rooms, this.stalled]) part.onModuleInit();
  }

  owner(name: string): Owner {
    const owner = new Owner(`hf:game:${name}` as ServerId);
    this.owners.set(owner.id, owner);
    return owner;
  }

  /** Publishes a record of the room with this owner. */
  owned(owner: Owner, epoch: number): void {
    const members = ['ada', 'bob'].map((name) => ({ user: name as UserId, name, readyRound: -1, here: true }));
    this.record = {
      id: ROOM,
      game: 'g',
      gameVersion: 1,
      doc: { name: '', owner: 'ada', seats: 2, seatsMin: 2, private: false, members, players: ['ada', 'bob'], createdAt: 1 },
      rev: (this.record?.rev ?? 0) + 1,
      status: 'playing',
      since: 1,
      round: 0,
      start: 's',
      owner: { server: owner.id, incarnation: owner.incarnation },
      epoch,
      version: 0,
      durability: 'every-change',
      result: null,
    } as unknown as RoomRecord;
    this.listener?.changed(this.record);
  }

  player(name: string): { session: GatewaySession; received: ServerMessage[]; connection: { backlogBytes: number } } {
    const received: ServerMessage[] = [];
    const session = this.table.add(`s-${name}` as SessionId, name as UserId, name);
    const connection = {
      backlogBytes: 0,
      send: (message: ServerMessage) => received.push(message),
      sendFrame: (frame: Uint8Array) => received.push(decodeServerMessage(frame)),
      sendSync: (version: number, seq: number) => received.push({ kind: 'sync', version, seq, room: ROOM }),
    };
    session.connection = connection as unknown as PlayerConnection;
    this.rooms.bind(session, { room: ROOM, watching: false, rev: 0 });
    return { session, received, connection };
  }

  /** Lets the gateway receive a frame of the owner for one session. */
  receives(session: GatewaySession, epoch: number, message: object): void {
    const frame = encodeServerMessage(message as ServerMessage);
    const whole = Buffer.alloc(LINK_HEADER.session.frame + frame.length);
    whole.writeUInt32BE(session.handle, LINK_HEADER.session.handle);
    whole.writeDoubleBE(epoch, LINK_HEADER.session.epoch);
    whole.set(frame, LINK_HEADER.session.frame);
    this.handlers.get(LINK_KIND.toPlayer)?.(null, whole);
  }

  places(session: GatewaySession, epoch: number): void {
    this.receives(session, epoch, { kind: 'placed', room: ROOM, game: 'g', seat: 0, epoch, round: 0, players: [], seq: 0 });
  }

  syncs(session: GatewaySession, epoch: number, version: number): void {
    const { syncMany } = LINK_HEADER;
    const body = pack({ room: ROOM, patches: [] });
    const whole = Buffer.alloc(syncMany.entries + syncMany.entryBytes + body.length);
    whole.writeDoubleBE(epoch, syncMany.epoch);
    whole.writeUInt32BE(version, syncMany.version);
    whole.writeUInt16BE(1, syncMany.count);
    whole.writeUInt32BE(session.handle, syncMany.entries);
    whole.set(body, syncMany.entries + syncMany.entryBytes);
    this.handlers.get(LINK_KIND.syncMany)?.(null, whole);
  }

  stalls(owner: Owner, isSilent: boolean): void {
    for (const listener of this.silence) listener(owner as unknown as LinkPeer, isSilent);
  }

  /** Publishes a record of the room without a running game. */
  waits(): void {
    if (this.record) this.record = { ...this.record, rev: this.record.rev + 1, status: 'waiting', owner: null };
    if (this.record) this.listener?.changed(this.record);
  }

  loses(owner: Owner): void {
    owner.isOpen = false;
    this.owners.delete(owner.id);
    for (const listener of this.closed) listener(owner as unknown as LinkPeer);
  }
}

function command(seq: number): Buffer {
  return Buffer.from(encodePlayerMessage({ kind: 'command', seq, settled: 0, name: 'move', data: null }));
}

const kinds = (received: readonly ServerMessage[]): string[] => received.map(({ kind }) => kind).filter((kind) => kind !== 'room');
const passes = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const versions = (received: readonly ServerMessage[]): number[] =>
  received.flatMap((message) => (message.kind === 'sync' ? [message.version] : []));

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('a gateway with players in a room', () => {
  it('binds no room to a session that has ended', () => {
    const gateway = new Gateway();
    const { session, received } = gateway.player('ada');
    gateway.rooms.unbind(session, 'left');
    const before = received.length;
    session.isOver = true;
    gateway.rooms.bind(session, { room: ROOM, watching: false, rev: 0 });
    gateway.owned(gateway.owner('1'), 7);
    expect(session.binding).toBeNull();
    expect(received).toHaveLength(before);
  });

  it('ignores a late notice of a match when the player has left the matched room', () => {
    const gateway = new Gateway();
    const { session } = gateway.player('ada');
    gateway.owned(gateway.owner('1'), 7);
    const rev = gateway.record?.rev ?? 0;
    gateway.rooms.unbind(session, 'left');
    gateway.rooms.bindMatch(session, { room: ROOM, watching: false, rev });
    expect(session.binding).toBeNull();
    gateway.rooms.bindMatch(session, { room: ROOM, watching: false, rev: rev + 2 });
    expect(session.binding?.room).toBe(ROOM);
  });

  it('attaches all its sessions to an owner with a single event', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    const [ada, bob] = [gateway.player('ada'), gateway.player('bob')];
    gateway.owned(owner, 7);
    gateway.frames.command(ada.session, command(1));
    await passes(0);
    expect(owner.events.map(({ pattern }) => pattern)).toEqual(['room.attach']);
    expect(owner.attachRequests()).toMatchObject([
      { user: 'ada', epoch: 7, watch: false },
      { user: 'bob', epoch: 7, watch: false },
    ]);
    expect(owner.frames).toEqual([]);
    gateway.places(ada.session, 7);
    gateway.frames.command(ada.session, command(2));
    expect(owner.frames).toEqual([1, 2].map((seq) => ({ handle: ada.session.handle, epoch: 7, frame: command(seq) })));
    expect(kinds(bob.received)).toEqual([]);
  });

  it('relays player inputs of attached sessions only, and drops player inputs on a congested link', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    const ada = gateway.player('ada');
    gateway.owned(owner, 7);
    const input = (number: number) => Buffer.from(encodePlayerMessage({ kind: 'input', number, data: { turn: 1 } }));
    gateway.frames.input(ada.session, input(1));
    await passes(0);
    gateway.places(ada.session, 7);
    gateway.frames.input(ada.session, input(2));
    owner.isCongested = true;
    gateway.frames.input(ada.session, input(3));
    owner.isCongested = false;
    gateway.loses(owner);
    gateway.frames.input(ada.session, input(4));
    expect(owner.frames).toEqual([{ handle: ada.session.handle, epoch: 7, frame: input(2) }]);
    expect(kinds(ada.received).filter((kind) => kind === 'rejected' || kind === 'error')).toEqual([]);
  });

  it('drops all frames from an owner that was replaced', async () => {
    const gateway = new Gateway();
    const [old, fresh] = [gateway.owner('1'), gateway.owner('2')];
    const { session, received } = gateway.player('ada');
    gateway.owned(old, 7);
    await passes(0);
    gateway.places(session, 7);
    gateway.syncs(session, 7, 1);
    gateway.owned(fresh, 9);
    await passes(0);
    gateway.syncs(session, 7, 2);
    gateway.places(session, 7);
    gateway.syncs(session, 7, 3);
    expect(versions(received)).toEqual([1]);
    gateway.places(session, 9);
    gateway.syncs(session, 9, 2);
    gateway.syncs(session, 7, 3);
    expect(versions(received)).toEqual([1, 2]);
    expect(fresh.attachRequests()).toMatchObject([{ version: 1 }]);
  });

  it('sends `paused` once when the owner is lost, and `resumed` with the next owner', async () => {
    const gateway = new Gateway();
    const [old, fresh] = [gateway.owner('1'), gateway.owner('2')];
    const [ada, bob] = [gateway.player('ada'), gateway.player('bob')];
    gateway.owned(old, 7);
    await passes(0);
    gateway.places(ada.session, 7);
    gateway.loses(old);
    await passes(3 * LOST_POLL_MS);
    gateway.owned(fresh, 9);
    await passes(0);
    for (const { session } of [ada, bob]) gateway.places(session, 9);
    expect(kinds(ada.received)).toEqual(['placed', 'paused', 'resumed', 'placed']);
    expect(kinds(bob.received)).toEqual(['placed']);
  });

  it('attaches its sessions to the owner again when the link to the owner was lost', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    const { session, received } = gateway.player('ada');
    gateway.owned(owner, 7);
    await passes(0);
    gateway.places(session, 7);
    gateway.loses(owner);
    const again = gateway.owner('1');
    await passes(LOST_POLL_MS);
    gateway.places(session, 7);
    expect(again.attachRequests()).toHaveLength(1);
    expect(kinds(received)).toEqual(['placed', 'paused', 'resumed', 'placed']);
  });

  it('repeats `room.attach` when the owner does not answer', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    gateway.player('ada');
    gateway.owned(owner, 7);
    gateway.refreshed.length = 0;
    await passes(ATTACH_TIMEOUT_MS - LOST_POLL_MS);
    expect(owner.attachRequests()).toHaveLength(1);
    await passes(2 * LOST_POLL_MS);
    expect(owner.attachRequests()).toHaveLength(2);
    gateway.loses(owner);
    gateway.refreshed.length = 0;
    await passes(5 * LOST_READ_MS);
    expect(gateway.refreshed.length).toBeGreaterThanOrEqual(4);
    expect(gateway.refreshed.length).toBeLessThanOrEqual(6);
  });

  it('reads the room record again when the owner reports that another server has the room', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    const { session } = gateway.player('ada');
    gateway.owned(owner, 7);
    await passes(0);
    gateway.refreshed.length = 0;
    const detached = { handle: session.handle, room: ROOM, epoch: 7 };
    gateway.attachments.ownerDetached(owner as unknown as LinkPeer, { ...detached, reason: 'not-here' });
    expect(gateway.refreshed).toEqual([ROOM]);
    await passes(LOST_POLL_MS);
    expect(owner.attachRequests()).toHaveLength(2);
    gateway.attachments.ownerDetached(owner as unknown as LinkPeer, { ...detached, reason: 'forbidden' });
    await passes(10 * LOST_POLL_MS);
    expect(owner.attachRequests()).toHaveLength(2);
  });

  it('delays the commands of an unattached session, and refuses them above the maximum number or after the maximum delay', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    const { session, received } = gateway.player('ada');
    gateway.owned(owner, 7);
    for (let seq = 1; seq <= DELAYED_COMMANDS_MAX + 1; seq++) gateway.frames.command(session, command(seq));
    expect(received.at(-1)).toMatchObject({ kind: 'rejected', seq: DELAYED_COMMANDS_MAX + 1, code: 'busy' });
    await passes(DELAYED_COMMANDS_MS + 2 * LOST_POLL_MS);
    expect(received.filter((message) => message.kind === 'rejected' && message.code === 'unavailable')).toHaveLength(DELAYED_COMMANDS_MAX);
    gateway.places(session, 7);
    expect(owner.frames).toEqual([]);
  });

  it('attaches a session with a large backlog again, from the last sent version, when the client has read the backlog', async () => {
    const gateway = new Gateway();
    const owner = gateway.owner('1');
    const { session, received, connection } = gateway.player('ada');
    gateway.owned(owner, 7);
    await passes(0);
    gateway.places(session, 7);
    connection.backlogBytes = 2_000;
    gateway.syncs(session, 7, 1);
    expect(owner.events.at(-1)).toMatchObject({ pattern: 'room.detach', data: { gone: 'slow' } });
    gateway.syncs(session, 7, 2);
    connection.backlogBytes = 0;
    gateway.rooms.resumeFrames(session);
    await passes(0);
    expect(versions(received)).toEqual([1]);
    expect(owner.attachRequests().at(-1)).toMatchObject({ version: 1 });
    gateway.places(session, 7);
    gateway.syncs(session, 7, 2);
    expect(versions(received)).toEqual([1, 2]);
  });

  it('sends `resumed` only after `paused` in any sequence of events', async () => {
    const acts = [
      'owned',
      'placed',
      'placed',
      'placed',
      'lost',
      'back',
      'silent',
      'answers',
      'slow',
      'read',
      'moved',
      'forbidden',
      'waiting',
      'reconnected',
      'time',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...acts), { maxLength: 50, size: 'max' }), async (all) => {
        const gateway = new Gateway();
        const { session, received } = gateway.player('ada');
        let epoch = 1;
        let owner = gateway.owner('1');
        let isPaused = false;
        let seen = 0;
        for (const act of all) {
          const detached = { handle: session.handle, room: ROOM, epoch };
          if (act === 'owned') gateway.owned(owner, ++epoch);
          if (act === 'placed') gateway.places(session, epoch);
          if (act === 'lost') gateway.loses(owner);
          if (act === 'back') owner = gateway.owner('1');
          if (act === 'silent' || act === 'answers') gateway.stalls(owner, act === 'silent');
          if (act === 'slow') gateway.attachments.suspendFrames(session);
          if (act === 'read') gateway.rooms.resumeFrames(session);
          if (act === 'moved' || act === 'forbidden')
            gateway.attachments.ownerDetached(owner as unknown as LinkPeer, { ...detached, reason: act });
          if (act === 'waiting') gateway.waits();
          if (act === 'reconnected') gateway.rooms.connectionReplaced(session, null);
          await passes(act === 'time' ? 2 * ATTACH_TIMEOUT_MS : 0);
          for (const { kind } of received.slice(seen)) {
            if (kind === 'resumed') expect(isPaused).toBe(true);
            if (kind === 'paused') expect(isPaused).toBe(false);
            if (kind === 'paused' || kind === 'resumed') isPaused = kind === 'paused';
            if (kind === 'ended') isPaused = false;
          }
          seen = received.length;
          if (act === 'reconnected') isPaused = false;
        }
        clearInterval(gateway.polling);
      }),
      { numRuns: 150 },
    );
  });
});
