import { randomUUID } from 'node:crypto';
import type { EffectRun } from '#libs/game-kit';
import { type RoomId, type RoomTenure, type ServerId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections, StoreClock } from '#libs/redis';
import type { RoomRules } from '#libs/room';
import { OwnerHeartbeats, type RoomRecord, RoomRecords, StoreGeneration } from '#libs/room-store';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { until } from '../../../tools/process/until.mjs';
import { Host } from './host.fixture.js';
import type { HostedRoom } from './room/hosted-room.js';
import { ROOM_HOST_DEFAULTS, type RoomHostOptions } from './room-host.options.js';

/** Game servers in one process over one real Redis. */
export class Hosts {
  readonly redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
  readonly records = new RoomRecords(this.redis);
  readonly heartbeats = new OwnerHeartbeats(this.redis);
  readonly clock = new StoreClock(this.redis);
  readonly generation = new StoreGeneration(this.redis);
  readonly all = new Map<ServerId, Host>();

  constructor(readonly rules: RoomRules<never>) {}

  async ready(): Promise<void> {
    await this.redis.ready();
    await this.clock.start();
    await until(() => this.generation.current !== null);
  }

  /** @param rules another version of the game, for this server only */
  add(
    name: string,
    options: Partial<RoomHostOptions> = {},
    effects: ReadonlyMap<string, (run: EffectRun) => unknown> = new Map(),
    rules = this.rules,
  ): Host {
    const id = serverId('game', `${name}-${randomUUID().slice(0, 8)}`);
    const host = new Host(this, id, { ...ROOM_HOST_DEFAULTS, ...options }, effects, rules);
    this.all.set(host.self.id, host);
    return host;
  }

  /** Opens a room on `host`. Its members and players are u0, u1 and so on. */
  async open(host: Host, players = 2): Promise<HostedRoom> {
    const id = `hosts-${randomUUID()}` as RoomId;
    const people = Array.from({ length: players }, (_, seat) => ({ user: `u${seat}` as UserId, name: `U${seat}` }));
    const doc = roomDoc({
      host: 'u0' as UserId,
      seats: players,
      seatsMin: players,
      members: people.map((person) => ({ ...person, readyRound: null, here: true })),
      players: people.map(({ user }) => user),
    });
    const { name } = this.rules.definition;
    await this.records.create(id, name, doc);
    await this.records.save(await this.record(id), { status: 'starting', start: 's' });
    await host.loader.open({ room: id, game: name, start: 's', round: 0, players: people });
    return host.rooms.get(id) as HostedRoom;
  }

  /** Removes a member from the room, as a lobby does. */
  async leave(id: RoomId, user: string): Promise<void> {
    const record = await this.record(id);
    await this.records.save(record, { doc: { ...record.doc, members: record.doc.members.filter((member) => member.user !== user) } });
  }

  async record(id: RoomId): Promise<RoomRecord> {
    return (await this.records.read(id)) as RoomRecord;
  }

  async tenure(id: RoomId): Promise<RoomTenure> {
    const { epoch, owner } = await this.record(id);
    if (!owner) throw new Error(`${id} has no owner`);
    return { room: id, epoch, ...owner };
  }

  async close(): Promise<void> {
    for (const host of this.all.values()) host.stop();
    this.clock.onModuleDestroy();
    await this.redis.onApplicationShutdown();
  }
}
