import { randomUUID } from 'node:crypto';
import type { EventSink, Self } from '#libs/fleet';
import type { GameRegistry } from '#libs/game-kit';
import { type RoomId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections, type StoreClock } from '#libs/redis';
import type { RoomRules } from '#libs/room';
import { EndedGameStore, RoomLog, type RoomRecord, RoomRecords } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Log, Metrics } from '#libs/telemetry';
import { DIRECT_GUARD } from '#libs/watchdog';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import type { Appender } from '../durability/appender.js';
import type { Auditor } from '../durability/auditor.js';
import type { EndedGames } from '../durability/ended-games.js';
import type { EffectRunner } from '../engine/effect-runner.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { MachineFactory } from '../room/machine-factory.js';
import { RoomTime } from '../room/room-time.js';
import { ROOM_HOST_DEFAULTS } from '../room-host.options.js';
import type { DowntimeCompensation } from './downtime-compensation.js';
import { GameLoads } from './game-loads.js';
import { LeftoverEffects } from './leftover-effects.js';
import { OwnedRoomSweeper } from './owned-room-sweeper.js';
import { RoomAdopter } from './room-adopter.js';
import { RoomLoader } from './room-loader.js';
import { RoomOpener } from './room-opener.js';

/** Labels of the logs and metrics of the tested server. */
const options = { server: 'hf:game:woken', level: 'silent', format: 'json' } as const;
const id = serverId('game', 'woken');
const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const records = new RoomRecords(redis);
const doc = roomDoc({ host: 'u0' as UserId, seats: 1, seatsMin: 1, players: ['u0' as UserId] });
const players = [{ user: 'u0' as UserId, name: 'Ada' }];

const rules = rulesOf('empty', () => ({}));
const version2 = { ...rules, definition: { ...rules.definition, version: 2 } } as unknown as RoomRules<never>;

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

/** A room log in real Redis. A test can run code before an answer arrives. */
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

function newServer(playedBy: RoomRules<never> = rules as unknown as RoomRules<never>) {
  const self = { id, incarnation: 1, state: 'ready' } as { id: typeof id; incarnation: number; state: string };
  const log = new Log(options);
  const warnings: Record<string, unknown>[] = [];
  log.warn = (event, fields) => void warnings.push({ event, ...fields });
  const rooms = new HostedRooms(new Metrics(options), log);
  const roomLog = new SlowLog(redis, { replicas: 0, replicasTimeoutMs: 100 });
  const registry = { get: (name: string) => (name === 'empty' ? playedBy : undefined), all: () => [playedBy] } as unknown as GameRegistry;
  const appender = { markDirty: () => {} } as unknown as Appender;
  const auditor = { isStoreAudited: async () => true } as unknown as Auditor;
  const downtime = {
    measure: async () => () => ({ downtimeMs: 0, now: 0 }),
    timeOf: () => ({ time: new RoomTime(Date), downtimeMs: 0 }),
    compensate: () => {},
  } as unknown as DowntimeCompensation;
  const sink = { publish: () => {} } as unknown as EventSink;
  const effects = { runLast: async () => {} } as unknown as EffectRunner;
  const ended = { resultOf: () => null, effectsDone: () => {} } as unknown as EndedGames;
  const settlement = { whenSettled: async () => {} } as unknown as StoreSettlement;
  const server = self as unknown as Self;
  const machines = new MachineFactory(registry, DIRECT_GUARD, server);
  const endedStore = new EndedGameStore(redis, { replicas: 0, replicasTimeoutMs: 100 });
  const leftovers = new LeftoverEffects(rooms, endedStore, records, effects, ended, log);
  const clock = Date as unknown as StoreClock;
  const loads = new GameLoads(log);
  const opener = new RoomOpener(machines, roomLog, records, settlement, clock, server, log, ROOM_HOST_DEFAULTS, loads);
  const adopter = new RoomAdopter(machines, roomLog, records, leftovers, downtime, ended, sink, log, ROOM_HOST_DEFAULTS);
  const loader = new RoomLoader(rooms, opener, adopter, records, appender, auditor, downtime, server, sink, log, ROOM_HOST_DEFAULTS);
  const sweeper = new OwnedRoomSweeper(rooms, loader, records, leftovers, server);
  leftovers.onModuleInit();
  loader.onModuleInit();
  return { self, rooms, roomLog, loader, sweeper, warnings };
}

async function roomThatStarts(): Promise<RoomId> {
  const room = `loader-${randomUUID()}` as RoomId;
  await records.create(room, 'empty', doc);
  await records.save((await records.read(room)) as RoomRecord, { status: 'starting', start: 's' });
  return room;
}

const tenureOf = async (room: RoomId) => {
  const { epoch, owner } = (await records.read(room)) as RoomRecord;
  return { room, epoch, server: owner?.server ?? id, incarnation: owner?.incarnation ?? 0 };
};

describe('a game server that loads rooms', () => {
  it("drops a room that was opened or adopted during the eviction of the server's incarnation", async () => {
    const { self, rooms, roomLog, loader } = newServer();
    roomLog.meanwhile = () => {
      self.state = 'dead';
    };
    const room = await roomThatStarts();
    await expect(loader.open({ room, game: 'empty', start: 's', round: 0, players })).rejects.toMatchObject({ code: 'unavailable' });
    expect(rooms.get(room)).toBeUndefined();

    Object.assign(self, { incarnation: 2, state: 'ready' });
    roomLog.meanwhile = () => Object.assign(self, { incarnation: 3 });
    expect(await loader.adopt([await tenureOf(room)])).toEqual([{ result: 'failed', code: 'unavailable' }]);
    expect(rooms.get(room)).toBeUndefined();

    roomLog.meanwhile = () => {};
    expect(await loader.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
    expect(rooms.get(room)?.tenure.incarnation).toBe(3);
  });

  it('does not host a room whose upgraded state is not plain data', async () => {
    const room = await roomThatStarts();
    await newServer().loader.open({ room, game: 'empty', start: 's', round: 0, players });
    const definition = { ...rules.definition, version: 2 };
    const broken = newServer({ ...rules, definition, migrateState: () => ({ seen: new Map() }) } as unknown as RoomRules<never>);
    expect(await broken.loader.adopt([await tenureOf(room)])).toEqual([{ result: 'failed', code: 'game-failed' }]);
    const { rooms, loader } = newServer({ ...rules, definition, migrateState: () => ({ seen: {} }) } as unknown as RoomRules<never>);
    expect(await loader.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
    expect(rooms.get(room)?.value).toMatchObject({ gameVersion: 2, state: { seen: {} } });
  });

  it('adopts a room that the server still hosts from its former incarnation', async () => {
    const { self, rooms, loader } = newServer();
    const room = await roomThatStarts();
    await loader.open({ room, game: 'empty', start: 's', round: 0, players });
    self.incarnation = 2;
    expect(await loader.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
    expect(rooms.get(room)?.tenure.incarnation).toBe(2);
    expect((await records.read(room))?.owner?.incarnation).toBe(2);
  });

  it('removes index entries of rooms that the server does not own', async () => {
    const { self, sweeper } = newServer();
    const [one, two] = [`loader-${randomUUID()}`, `loader-${randomUUID()}`] as RoomId[];
    self.incarnation = Date.now();
    await sweeper.sweep();
    const [former, current] = [self.incarnation, self.incarnation + 1];
    await records.noteOwner([one], id, former);
    self.incarnation = current;
    await records.noteOwner([two], id, current);
    await sweeper.sweep();
    expect(await records.roomsOf(id, current)).toEqual([two]);
    await sweeper.sweep();
    expect(await records.roomsOf(id, former)).toEqual([]);
    expect(await records.roomsOf(id, current)).toEqual([]);
  });

  it('opens no room when the game refuses the options', async () => {
    const { loader } = newServer();
    const room = await roomThatStarts();
    await expect(loader.open({ room, game: 'empty', start: 's', round: 0, players, options: { size: 3 } })).rejects.toMatchObject({
      code: 'bad-data',
      message: 'The options of the room are refused: The game empty takes no options.',
    });
    await expect(records.read(room)).resolves.toMatchObject({ status: 'starting', owner: null });
  });

  it('lists its games when it refuses an unknown game', async () => {
    const { loader } = newServer();
    const room = await roomThatStarts();
    await expect(loader.open({ room, game: 'emtpy', start: 's', round: 0, players })).rejects.toMatchObject({
      code: 'unknown-game',
      message: "hf:game:woken does not have the game 'emtpy'. Its games are: 'empty'.",
    });
  });
});

describe('a room with version 1 of its game', () => {
  const sentence = (room: string) => `room ${room} is of version 1 of empty, and this server has version 2`;

  it.each<[string, RoomRules<never>['migrateState'], string, (room: string) => string]>([
    [
      'without migrateState',
      null,
      'unknown-game',
      (room) =>
        `${sentence(room)} and no migrateState: add migrateState(state, fromVersion) to the game, or start a server with version 1.`,
    ],
    [
      'whose migrateState throws',
      () => {
        throw new Error('no way from version 1');
      },
      'game-failed',
      (room) => `${sentence(room)}: its migrateState threw Error: no way from version 1`,
    ],
    [
      'whose migrateState returns no state',
      () => undefined as never,
      'game-failed',
      (room) => `${sentence(room)}: its migrateState made undefined, and no object for a state`,
    ],
    [
      'whose migrateState is async',
      (async () => ({})) as never,
      'game-failed',
      (room) => `${sentence(room)}: its migrateState made a promise, and no object for a state`,
    ],
  ])('is not adopted by a server with version 2 %s', async (_, migrateState, code, message) => {
    const older = newServer();
    const room = await roomThatStarts();
    await older.loader.open({ room, game: 'empty', start: 's', round: 0, players });

    const newer = newServer({ ...version2, migrateState });
    newer.self.incarnation = 2;
    const refused = [{ result: 'failed', code }];
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await newer.loader.adopt([await tenureOf(room)])).toEqual(refused);
    expect(newer.rooms.get(room)).toBeUndefined();
    const warnings = newer.warnings.filter(({ event }) => event === 'room.adopt-failed');
    expect(warnings).toMatchObject([{ roomId: room, error: { message: expect.stringContaining(message(room)) } }]);

    const mended = newServer({ ...version2, migrateState: () => ({ mended: true }) as never });
    mended.self.incarnation = 3;
    expect(await mended.loader.adopt([await tenureOf(room)])).toMatchObject([{ result: 'adopted' }]);
    expect(mended.rooms.get(room)?.value).toMatchObject({ gameVersion: 2, state: { mended: true } });
  });
});
