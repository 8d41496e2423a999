import { randomUUID } from 'node:crypto';
import type { LinkTrust, ServerDirectory } from '#libs/fleet';
import type { PlacementPool } from '#libs/placement';
import { type RoomId, serverId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type RoomOwnership, RoomRecords, roomKey } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { OrphanSweeper } from './orphan-sweeper.js';
import { ORPHAN_SWEEP_ROOMS } from './recovery.options.js';
import type { RoomRecovery } from './room-recovery.js';

// A separate database, because the sweeper reads all rooms.
const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/7` });
const records = new RoomRecords(redis);
const log = new Log({ server: 'hf:lobby:test', level: 'silent', format: 'json' });

beforeAll(() => redis.ready());
beforeEach(() => redis.commands.flushdb());
afterAll(() => redis.onApplicationShutdown());

const dead: RoomOwnership = { server: serverId('game', 'dead'), incarnation: 1 };
const alive: RoomOwnership = { server: serverId('game', 'alive'), incarnation: 1 };

async function playedBy({ server, incarnation }: RoomOwnership): Promise<string> {
  const id = `orphan-${randomUUID()}` as RoomId;
  await records.create(id, 'duel', roomDoc({ createdAt: Date.now() }));
  await redis.commands.hset(roomKey(id), { status: 'playing', owner: server, incarnation, epoch: 1 });
  return id;
}

function newSweeper() {
  const recovered: RoomOwnership[] = [];
  const directory = { get: (id: string) => (id === alive.server ? { ...alive, state: 'ready' } : undefined), onChange: () => {} };
  const recovery = { recoverUnclaimed: async (owner: RoomOwnership) => void recovered.push(owner) };
  const sweeper = new OrphanSweeper(
    redis,
    records,
    directory as unknown as ServerDirectory,
    recovery as unknown as RoomRecovery,
    { remove: async () => {} } as unknown as PlacementPool,
    log,
    { isOutvoted: false } as LinkTrust,
  );
  return { sweeper, recovered };
}

describe('OrphanSweeper', () => {
  it('recovers the rooms of a dead owner in its second sweep', async () => {
    const room = await playedBy(dead);
    await playedBy(alive);
    const { sweeper, recovered } = newSweeper();
    await sweeper.sweep();
    expect(recovered).toEqual([]);
    await sweeper.sweep();
    expect(recovered).toEqual([dead]);
    expect(await records.roomsOf(dead.server, dead.incarnation)).toEqual([room]);
  });

  it('starts a recovery in each further sweep until the lost owner has no rooms in the index', async () => {
    await records.noteOwner(['over' as RoomId], dead.server, dead.incarnation);
    await records.noteOwner(['played' as RoomId], alive.server, alive.incarnation);
    const { sweeper, recovered } = newSweeper();
    await sweeper.sweep();
    expect(recovered).toEqual([]);
    await sweeper.sweep();
    await sweeper.sweep();
    expect(recovered).toEqual([dead, dead]);
    await records.forgetOwner(['over' as RoomId], dead.server, dead.incarnation);
    await sweeper.sweep();
    await sweeper.sweep();
    expect(recovered).toEqual([dead, dead]);
    expect(await records.owners()).toEqual([alive]);
  });

  it('recovers each room of a lost owner that has more rooms than one sweep reads', async () => {
    await playedBy(dead);
    await records.index(
      Array.from({ length: 2 * ORPHAN_SWEEP_ROOMS }, (_, index) => `newer-${index}` as RoomId),
      Date.now() + 1_000,
    );
    const { sweeper, recovered } = newSweeper();
    for (let sweeps = 0; sweeps < 6; sweeps++) await sweeper.sweep();
    expect(recovered).toEqual([dead]);
  });
});
