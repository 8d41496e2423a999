import { randomUUID } from 'node:crypto';
import type { EventSink, Self } from '#libs/fleet';
import type { GameRegistry } from '#libs/game-kit';
import { type RoomId, serverId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type RoomDoc, RoomLog, type RoomRecord, RoomRecords } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import type { Appender } from './appender.js';
import type { Auditor } from './auditor.js';
import type { EffectRunner } from './effect-runner.js';
import { HostedRooms } from './hosted-rooms.js';
import { rulesOf } from './hosts.fixture.js';
import { ROOM_HOST_DEFAULTS } from './room-host.options.js';
import { RoomIntake } from './room-intake.js';
import type { TimeAlone } from './time-alone.js';

/** A server that hears of its own eviction while it takes a room. */
const options = { server: 'hf:game:woken', level: 'silent', format: 'json' } as const;
const id = serverId('game', 'woken');
const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const records = new RoomRecords(redis);
const doc: RoomDoc = { name: '', owner: 'u0', seats: 1, seatsMin: 1, private: false, members: [], players: ['u0'], createdAt: 1 };
const players = [{ user: 'u0', name: 'Ada' }];

const rules = rulesOf('empty', () => ({}));

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

/** The store, in which something else happens before its answer is here. */
class SlowLog extends RoomLog {
  meanwhile: () => void = () => {};

  override async open(...args: Parameters<RoomLog['open']>): ReturnType<RoomLog['open']> {
    const answer = await super.open(...args);
    this.meanwhile();
    return answer;
  }

  override async adopt(...args: Parameters<RoomLog['adopt']>): ReturnType<RoomLog['adopt']> {
    const answer = await super.adopt(...args);
    this.meanwhile();
    return answer;
  }
}

function newServer(game = rules) {
  const self = { id, incarnation: 1, state: 'ready' } as { id: typeof id; incarnation: number; state: string };
  const log = new Log(options);
  const rooms = new HostedRooms(new Metrics(options), log);
  const roomLog = new SlowLog(redis, { replicas: 0, replicasTimeoutMs: 100 });
  const intake = new RoomIntake(
    rooms,
    { get: () => game } as unknown as GameRegistry,
    roomLog,
    records,
    { markDirty: () => {} } as unknown as Appender,
    { runLast: async () => {} } as unknown as EffectRunner,
    { isStoreAudited: async () => true } as unknown as Auditor,
    { sinceLastOwner: async () => () => 0, takeOut: () => {} } as unknown as TimeAlone,
    self as unknown as Self,
    { tell: () => {} } as unknown as EventSink,
    log,
    ROOM_HOST_DEFAULTS,
  );
  return { self, rooms, roomLog, intake };
}

async function roomThatStarts(): Promise<RoomId> {
  const room = `intake-${randomUUID()}` as RoomId;
  await records.create(room, 'empty', doc);
  await records.save((await records.read(room)) as RoomRecord, { status: 'starting', start: 's' });
  return room;
}

const tenureOf = async (room: RoomId) => {
  const { epoch, owner } = (await records.read(room)) as RoomRecord;
  return { room, epoch, server: owner?.server ?? id, incarnation: owner?.incarnation ?? 0 };
};

it('takes no room for an incarnation that is condemned while the room is opened, and none while it is adopted', async () => {
  const { self, rooms, roomLog, intake } = newServer();
  roomLog.meanwhile = () => {
    self.state = 'dead';
  };
  const room = await roomThatStarts();
  await expect(intake.open({ room, game: 'empty', start: 's', round: 0, players })).rejects.toMatchObject({ code: 'unavailable' });
  expect(rooms.get(room)).toBeUndefined();

  Object.assign(self, { incarnation: 2, state: 'ready' });
  roomLog.meanwhile = () => Object.assign(self, { incarnation: 3 });
  expect(await intake.adopt([await tenureOf(room)])).toEqual([{ result: 'failed', code: 'unavailable' }]);
  expect(rooms.get(room)).toBeUndefined();

  roomLog.meanwhile = () => {};
  expect(await intake.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
  expect(rooms.get(room)?.tenure.incarnation).toBe(3);
});

it('leaves a room as it is whose migrated state is no plain data: another server may take it', async () => {
  const room = await roomThatStarts();
  await newServer().intake.open({ room, game: 'empty', start: 's', round: 0, players });
  const definition = { ...rules.definition, version: 2 };
  const broken = newServer({ ...rules, definition, migrateState: () => ({ seen: new Map() }) });
  expect(await broken.intake.adopt([await tenureOf(room)])).toEqual([{ result: 'failed', code: 'game-failed' }]);
  const { rooms, intake } = newServer({ ...rules, definition, migrateState: () => ({ seen: {} }) });
  expect(await intake.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
  expect(rooms.get(room)?.value).toMatchObject({ gameVersion: 2, state: { seen: {} } });
});

it('does not pass off a room that it holds for a dead incarnation as adopted', async () => {
  const { self, rooms, intake } = newServer();
  const room = await roomThatStarts();
  await intake.open({ room, game: 'empty', start: 's', round: 0, players });
  self.incarnation = 2;
  expect(await intake.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
  expect(rooms.get(room)?.tenure.incarnation).toBe(2);
  expect((await records.read(room))?.owner?.incarnation).toBe(2);
});

it('forgets entries of its indexes, and of those of its former incarnations, that name no room of theirs', async () => {
  const { self, intake } = newServer();
  const [one, two] = [`intake-${randomUUID()}`, `intake-${randomUUID()}`] as RoomId[];
  self.incarnation = Date.now();
  await intake.sweep();
  const [former, current] = [self.incarnation, self.incarnation + 1];
  await records.noteOwner([one], id, former);
  self.incarnation = current;
  await records.noteOwner([two], id, current);
  await intake.sweep();
  expect(await records.roomsOf(id, current)).toEqual([two]);
  await intake.sweep();
  expect(await records.roomsOf(id, former)).toEqual([]);
  expect(await records.roomsOf(id, current)).toEqual([]);
});
