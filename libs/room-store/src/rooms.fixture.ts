import { randomUUID } from 'node:crypto';
import type { RoomId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import type { RoomValue } from '#libs/room';
import type { AdoptedRoom } from './adopted-room.js';
import type { Tenure } from './append.js';
import { EndedGameStore } from './ended-game-store.js';
import { RoomLog } from './room-log.js';
import type { RoomDoc, RoomOwnership, RoomRecord } from './room-record.js';
import { RoomRecords } from './room-records.js';

/** Makes rooms with the document `doc` in the Redis of the tests. Connects before all tests of the spec and disconnects after them. */
export class StoredRooms {
  readonly redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
  readonly records = new RoomRecords(this.redis);
  readonly log = new RoomLog(this.redis, { replicas: 0, replicasTimeoutMs: 1_000 });
  readonly ends = new EndedGameStore(this.redis, { replicas: 0, replicasTimeoutMs: 1_000 });

  constructor(private readonly doc: RoomDoc) {
    beforeAll(() => this.redis.ready());
    afterAll(() => this.redis.onApplicationShutdown());
  }

  async read(room: RoomId): Promise<RoomRecord> {
    const record = await this.records.read(room);
    if (!record) throw new Error(`no room ${room}`);
    return record;
  }

  /** Creates a room whose game is starting. */
  async starting(start = 'start-1'): Promise<RoomId> {
    const room = `test-${randomUUID()}` as RoomId;
    expect(await this.records.create(room, 'counter', this.doc)).not.toBeNull();
    expect(await this.records.save(await this.read(room), { status: 'starting', start })).not.toBeNull();
    return room;
  }

  /** Creates a room whose game `owner` has opened with the value that `valueIn` returns. */
  async playing(owner: RoomOwnership, valueIn: (room: RoomId) => RoomValue | null = () => null): Promise<{ room: RoomId; tenure: Tenure }> {
    const room = await this.starting();
    const opened = await this.log.open(room, 'start-1', owner, valueIn(room), 'every-change');
    if (!opened) throw new Error('not opened');
    return { room, tenure: { ...owner, epoch: opened.epoch } };
  }

  /** Adopts the room for `owner`. Throws when the adoption fails. */
  async adopt(room: RoomId, expected: Tenure, owner: RoomOwnership, epochMin?: number): Promise<AdoptedRoom> {
    const adopted = await this.log.adopt(room, expected, owner, epochMin);
    if (!('checkpoint' in adopted)) throw new Error(`not adopted: ${JSON.stringify(adopted)}`);
    return adopted;
  }
}
