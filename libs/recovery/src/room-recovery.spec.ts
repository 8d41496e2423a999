import { randomUUID } from 'node:crypto';
import type { FleetLinks, LinkTrust, OperatorEvent, ServerDirectory } from '#libs/fleet';
import type { LoadBalancerService } from '#libs/placement';
import { type RoomId, type ServerId, serverId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { EndedGameStore, RoomLog, type RoomOwnership, RoomRecords, roomKey } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Log, Metrics } from '#libs/telemetry';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { RoomRecovery } from './room-recovery.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const records = new RoomRecords(redis);
const telemetry = { server: 'hf:gateway:test', level: 'silent', format: 'json' } as const;

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

/** Writes a room in play. Its game stores nothing, so a recovery ends the game and needs no other server. */
async function playedBy(server: ServerId, incarnation: number): Promise<RoomId> {
  const id = `recovery-${randomUUID()}` as RoomId;
  await records.create(id, 'duel', roomDoc({ createdAt: Date.now() }));
  await redis.commands.hset(roomKey(id), { status: 'playing', owner: server, incarnation, epoch: 1, durability: 'none' });
  return id;
}

function newRecovery() {
  const events: OperatorEvent[] = [];
  const recovery = new RoomRecovery(
    redis,
    records,
    new RoomLog(redis, { replicas: 0, replicasTimeoutMs: 0 }),
    new EndedGameStore(redis, { replicas: 0, replicasTimeoutMs: 0 }),
    {} as LoadBalancerService,
    { byType: () => [] } as unknown as ServerDirectory,
    {} as FleetLinks,
    { publish: (event) => void events.push(event) },
    new Log(telemetry),
    new Metrics(telemetry),
    { isOutvoted: false } as LinkTrust,
    { isSettled: true } as StoreSettlement,
    { roomsAtOnce: 100, orphanTtlMs: 60_000 },
  );
  return { recovery, recoveries: () => events.filter(({ kind }) => kind.startsWith('recovery.')) };
}

describe('RoomRecovery', () => {
  const other = serverId('game', 'other');
  let lost: RoomOwnership;
  beforeEach(() => {
    lost = { server: serverId('game', `lost-${randomUUID()}`), incarnation: 1 };
  });

  it('reports only the rooms that the lost server owned, and clears the other entries of its index too', async () => {
    const owned = await playedBy(lost.server, lost.incarnation);
    await records.noteOwner([owned, await playedBy(other, 1), 'closed' as RoomId], lost.server, lost.incarnation);
    const { recovery, recoveries } = newRecovery();
    await recovery.recover(lost);
    expect(recoveries()).toMatchObject([
      { kind: 'recovery.started', detail: { rooms: 1 } },
      { kind: 'recovery.done', detail: { rooms: 1 } },
    ]);
    expect(await records.roomsOf(lost.server, lost.incarnation)).toEqual([]);
  });

  it('reports no start when other servers play all rooms of the index', async () => {
    await records.noteOwner([await playedBy(other, 1)], lost.server, lost.incarnation);
    const { recovery, recoveries } = newRecovery();
    await recovery.recover(lost);
    expect(recoveries()).toMatchObject([{ kind: 'recovery.done', detail: { rooms: 0 } }]);
    expect(await records.roomsOf(lost.server, lost.incarnation)).toEqual([]);
  });
});
