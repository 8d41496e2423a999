import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { type RoomId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import type { Change, RoomValue } from '#libs/room';
import { logKey, packChange, RoomLog, RoomRecords, RoomStoreModule, type Tenure } from '#libs/room-store';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { RoomReplays } from './room-replays.js';

const OWNER = { server: serverId('game', 'replays'), incarnation: 1 };

describe('the replay of a room', () => {
  let module: TestingModule;
  let replays: RoomReplays;

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }), RoomStoreModule.forRoot()],
      providers: [RoomReplays],
    }).compile();
    await module.get(RedisConnections).ready();
    replays = module.get(RoomReplays);
  });
  afterAll(() => module.close());

  function firstValue(room: RoomId): RoomValue {
    const seats = [{ user: 'ada' as UserId, name: 'Ada', presence: 'here' as const, seq: 0, refused: [] }];
    return { room, game: 'counter', gameVersion: 1, version: 0, seats, timers: { turn: 500 }, state: { count: 0 }, outbox: [] };
  }

  function changeTo(version: number): Change {
    return {
      version,
      at: version * 100,
      patches: [{ op: 'replace', path: '/count', value: version }],
      timers: { turn: version * 1_000 },
      seats: { 0: { seq: version } },
    };
  }

  /** Creates a game with a checkpoint at version 0 and this number of changes. */
  async function played(changes: number): Promise<{ room: RoomId; tenure: Tenure }> {
    const room = `replay-${randomUUID()}` as RoomId;
    const [records, log] = [module.get(RoomRecords), module.get(RoomLog)];
    const record = await records.create(room, 'counter', roomDoc({ players: ['ada' as UserId] }));
    await records.save(record!, { status: 'starting', start: 's' });
    const opened = await log.open(room, 's', OWNER, firstValue(room), 'every-change');
    const tenure = { ...OWNER, epoch: opened!.epoch };
    const entries = Array.from({ length: changes }, (_, index) => packChange(changeTo(index + 1)));
    if (changes > 0) expect(await log.appendAll([{ room, tenure, from: 0, entries, batch: 'b' }])).toEqual(['ok']);
    return { room, tenure };
  }

  it('shows the newest state with its timers and seats', async () => {
    const { room } = await played(5);
    expect(await replays.at(room)).toEqual({
      room,
      game: 'counter',
      gameVersion: 1,
      round: 0,
      version: 5,
      from: 0,
      to: 5,
      at: 500,
      state: { count: 5 },
      timers: [{ name: 'turn', at: 5_000 }],
      seats: [{ user: 'ada', name: 'Ada', presence: 'here', seq: 5, bot: false }],
      ended: null,
    });
  });

  it.each([0, 1, 3])('shows the state at version %p', async (version) => {
    const { room } = await played(4);
    expect(await replays.at(room, version)).toMatchObject({ version, state: { count: version }, at: version === 0 ? null : version * 100 });
  });

  it('is refused for a missing version, and the refusal names the available versions', async () => {
    const { room } = await played(2);
    await expect(replays.at(room, 3)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('from version 0 to 2') });
  });

  it('refuses a room without a game, and a room that does not exist', async () => {
    const room = `replay-${randomUUID()}` as RoomId;
    await expect(replays.at(room)).rejects.toMatchObject({ code: 'room-unknown' });
    await module.get(RoomRecords).create(room, 'counter', roomDoc());
    await expect(replays.at(room)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('refuses a log that another program has changed', async () => {
    const { room } = await played(2);
    await module.get(RedisConnections).commands.rpush(logKey(room), 'no change');
    await expect(replays.at(room)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('returns the log page by page, starting with the newest changes', async () => {
    const { room } = await played(5);
    const last = await replays.history(room, { limit: 2 });
    expect({ versions: last.changes.map(({ version }) => version), more: last.more }).toEqual({ versions: [4, 5], more: true });
    const before = await replays.history(room, { limit: 2, before: 4 });
    expect(before.changes.map(({ version }) => version)).toEqual([2, 3]);
    const first = await replays.history(room, { limit: 2, before: 2 });
    expect({ versions: first.changes.map(({ version }) => version), more: first.more }).toEqual({ versions: [1], more: false });
  });
});
