import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack, type RoomId, serverId, type UserId } from '#libs/protocol';
import { PubSub, RedisConnections, storeFailureOf } from '#libs/redis';
import type { Change, PendingEffect, RoomValue } from '#libs/room';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { startRedis } from '../../../tools/redis/index.mjs';
import type { AdoptedRoom } from './adopted-room.js';
import type { Append, Tenure } from './append.js';
import { packChange } from './change-codec.js';
import { LOG_FORMAT_MAX } from './change-log-format.js';
import { packCheckpoint } from './checkpoint.js';
import type { Epilogue } from './epilogue.js';
import {
  checkpointKey,
  ENDED_GAME_RETENTION_MS,
  effectsKey,
  keptCheckpointKey,
  keptEffectsKey,
  keptLogKey,
  logKey,
  roomKey,
} from './room-keys.js';
import { RoomLog } from './room-log.js';
import { readNews } from './room-news.js';
import type { RoomOwnership, RoomRecord } from './room-record.js';
import { StoredRooms } from './rooms.fixture.js';

const doc = roomDoc({ players: ['ada' as UserId, 'bob' as UserId] });
const rooms = new StoredRooms(doc);
const { redis, log, ends, records } = rooms;

const first: RoomOwnership = { server: serverId('game', 'first'), incarnation: 11 };
const second: RoomOwnership = { server: serverId('game', 'second'), incarnation: 22 };
const third: RoomOwnership = { server: serverId('game', 'third'), incarnation: 33 };

function playingRoom(owner = first): Promise<{ room: RoomId; tenure: Tenure }> {
  return rooms.playing(owner, (room) => valueAt(room, 0));
}

function valueAt(room: RoomId, version: number): RoomValue {
  return { room, game: 'counter', gameVersion: 1, version, seats: [], timers: {}, state: { count: version }, outbox: [] };
}

function changes(from: number, count: number): Change[] {
  return Array.from({ length: count }, (_, index) => ({
    version: from + index + 1,
    at: 1,
    patches: [{ op: 'replace' as const, path: '/count', value: from + index + 1 }],
  }));
}

let batches = 0;
function append(room: RoomId, tenure: Tenure, from: number, count = 1, more: Partial<Append> = {}): Append {
  return { room, tenure, from, entries: changes(from, count).map(packChange), batch: `batch-${++batches}`, ...more };
}

async function one(write: Append) {
  return (await log.appendAll([write]))[0];
}

async function statusOf(room: RoomId) {
  return (await records.read(room))?.status;
}

describe('the opening of a room', () => {
  it('gives the game server an epoch', async () => {
    const room = await rooms.starting('mine');
    const before = Date.now();
    const opened = await log.open(room, 'mine', first, valueAt(room, 0), 'every-change');
    expect(opened).toMatchObject({ round: 0, doc });
    expect(opened?.epoch).toBeGreaterThanOrEqual(before - 1_000);
    expect(await records.read(room)).toMatchObject({ status: 'playing', owner: first, epoch: opened?.epoch, version: 0 });
  });

  it('returns a message with the changes from the previous to the new record', async () => {
    const room = await rooms.starting('mine');
    const before = await records.read(room);
    const opened = await log.open(room, 'mine', first, valueAt(room, 0), 'every-change');
    expect(readNews(before, opened?.news ?? '')).toEqual({ kind: 'record', record: await records.read(room) });
  });

  it('happens only once when one server requests the opening twice', async () => {
    const room = await rooms.starting('mine');
    const opened = await log.open(room, 'mine', first, valueAt(room, 0), 'every-change');
    expect(await log.open(room, 'mine', first, valueAt(room, 0), 'every-change')).toEqual({ ...opened, news: undefined });
  });

  it('gives the room to only one of two servers', async () => {
    const room = await rooms.starting('mine');
    const opened = await Promise.all([first, second].map((owner) => log.open(room, 'mine', owner, valueAt(room, 0), 'every-change')));
    expect(opened.filter((place) => place !== null)).toHaveLength(1);
  });

  it('is refused after the start was cancelled', async () => {
    const room = await rooms.starting('given-up');
    const record = await records.read(room);
    await records.save(record as NonNullable<typeof record>, { status: 'waiting', start: 'none' });
    expect(await log.open(room, 'given-up', first, valueAt(room, 0), 'every-change')).toBeNull();
    expect(await log.open('nowhere' as RoomId, 'given-up', first, valueAt(room, 0), 'every-change')).toBeNull();
    expect(await statusOf(room)).toBe('waiting');
  });

  it('deletes the data of the previous game', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 3));
    await one(append(room, tenure, 3, 1, { ended: { reason: 'finished' } }));
    const record = await records.read(room);
    await records.save(record as NonNullable<typeof record>, { status: 'starting', start: 'again' });
    const opened = await log.open(room, 'again', first, valueAt(room, 0), 'every-change');
    expect(opened?.round).toBe(1);
    expect(opened?.epoch).toBeGreaterThan(tenure.epoch);
    expect(await log.recent(room, 10)).toEqual([]);
    expect(await records.read(room)).toMatchObject({ version: 0, result: null });
    expect(await one(append(room, tenure, 4))).toBe('fenced');
  });
});

describe('an append to the log of a room', () => {
  it('raises the version of the room by the number of its changes', async () => {
    const { room, tenure } = await playingRoom();
    expect(await one(append(room, tenure, 0, 2))).toBe('ok');
    expect(await one(append(room, tenure, 2, 3))).toBe('ok');
    expect((await log.readTenures([room]))[0]).toMatchObject({ ...tenure, version: 5, status: 'playing' });
    expect((await log.recent(room, 4)).map(({ version }) => version)).toEqual([2, 3, 4, 5]);
  });

  it('can contain thousands of changes', async () => {
    const { room, tenure } = await playingRoom();
    expect(await one(append(room, tenure, 0, 9_001))).toBe('ok');
    expect((await log.readTenures([room]))[0]).toMatchObject({ version: 9_001 });
    expect((await rooms.adopt(room, tenure, second)).log.changes.map(({ version }) => version)).toEqual(
      Array.from({ length: 9_001 }, (_, index) => index + 1),
    );
  });

  it('is stored only once when the append is repeated', async () => {
    const { room, tenure } = await playingRoom();
    const write = append(room, tenure, 0, 2);
    expect(await one(write)).toBe('ok');
    expect(await one(write)).toBe('ok');
    expect((await log.recent(room, 10)).map(({ version }) => version)).toEqual([1, 2]);
  });

  it('returns `conflict` when the log already has a different append with this epoch and version', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0));
    expect(await one(append(room, tenure, 0))).toBe('conflict');
    expect(await one(append(room, tenure, 0, 2))).toBe('conflict');
  });

  it('returns `behind` when the store has a lower version or epoch', async () => {
    const { room, tenure } = await playingRoom();
    expect(await one(append(room, tenure, 1))).toBe('behind');
    expect(await one(append(room, { ...tenure, epoch: tenure.epoch + 1 }, 0))).toBe('behind');
    expect(await log.recent(room, 10)).toEqual([]);
  });

  it('returns `missing` when the room does not exist', async () => {
    const { tenure } = await playingRoom();
    expect(await one(append('nowhere' as RoomId, tenure, 0))).toBe('missing');
  });

  it('returns `fenced` after another server has adopted the room', async () => {
    const { room, tenure } = await playingRoom();
    const { epoch } = await rooms.adopt(room, tenure, second);
    expect(await one(append(room, tenure, 0))).toBe('fenced');
    expect(await one(append(room, { ...tenure, epoch }, 0))).toBe('fenced');
    expect(await one(append(room, { ...second, incarnation: second.incarnation + 1, epoch }, 0))).toBe('fenced');
    expect(await one(append(room, { ...second, epoch }, 0))).toBe('ok');
  });

  it('has its own result in a batch with other appends', async () => {
    const [a, b, c] = await Promise.all([playingRoom(), playingRoom(), playingRoom()]);
    await rooms.adopt(b.room, b.tenure, second);
    const writes = [
      append(a.room, a.tenure, 0),
      append(b.room, b.tenure, 0),
      append(c.room, c.tenure, 7),
      append('nowhere' as RoomId, a.tenure, 0),
    ];
    expect(await log.appendAll(writes)).toEqual(['ok', 'fenced', 'behind', 'missing']);
  });

  it('returns its first result again when a large batch is repeated', async () => {
    const played = await Promise.all(Array.from({ length: 150 }, () => playingRoom()));
    for (const { room, tenure } of played.filter((_, index) => index % 7 === 0)) await rooms.adopt(room, tenure, second);
    const writes = played.map(({ room, tenure }, index) =>
      append(room, tenure, 0, 1, index % 5 === 0 ? { ended: { reason: 'finished' } } : {}),
    );
    expect(await log.appendAll(writes)).toEqual(played.map((_, index) => (index % 7 === 0 ? 'fenced' : 'ok')));
    expect(await log.appendAll(writes)).toEqual(played.map((_, index) => (index % 7 === 0 ? 'fenced' : 'ok')));
  });

  it('has the result `unknown` when Redis rejects only this append of a batch', async () => {
    const [a, b, c] = await Promise.all([playingRoom(), playingRoom(), playingRoom()]);
    await redis.commands.del(logKey(b.room));
    await redis.commands.set(logKey(b.room), 'no log');
    const writes = [a, b, c].map(({ room, tenure }) => append(room, tenure, 0));
    expect(await log.appendAll(writes)).toEqual(['ok', 'unknown', 'ok']);
    expect((await records.read(c.room))?.version).toBe(1);
  });
});

describe('the write of a checkpoint', () => {
  it('deletes the log up to its version', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    await one(append(room, tenure, 2, 2));
    expect(await log.checkpoint(room, tenure, pack(valueAt(room, 2)), 2, false)).toBe('ok');
    const adopted = await rooms.adopt(room, tenure, second);
    expect(adopted.checkpoint).toMatchObject({ value: { version: 2, state: { count: 2 } } });
    expect(adopted.log.changes.map(({ version }) => version)).toEqual([3, 4]);
  });

  it("keeps the changes after the checkpoint's version when one append contains earlier and later changes", async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 4));
    expect(await log.checkpoint(room, tenure, pack(valueAt(room, 2)), 2, false)).toBe('ok');
    const adopted = await rooms.adopt(room, tenure, second);
    expect(adopted.checkpoint?.value.version).toBe(2);
    expect(adopted.log.changes.map(({ version }) => version)).toEqual([3, 4]);
  });

  it('changes nothing when a newer checkpoint exists', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    await one(append(room, tenure, 2, 2));
    await log.checkpoint(room, tenure, pack(valueAt(room, 4)), 4, false);
    await one(append(room, tenure, 4, 1));
    expect(await log.checkpoint(room, tenure, pack(valueAt(room, 2)), 2, false)).toBe('ok');
    const adopted = await rooms.adopt(room, tenure, second);
    expect(adopted.checkpoint?.value.version).toBe(4);
    expect(adopted.log.changes.map(({ version }) => version)).toEqual([5]);
  });

  it('returns `fenced`, `behind` or `missing` as an append does', async () => {
    const { room, tenure } = await playingRoom();
    const state = pack(valueAt(room, 1));
    expect(await log.checkpoint(room, tenure, state, 1, false)).toBe('behind');
    expect(await log.checkpoint(room, { ...tenure, epoch: tenure.epoch + 1 }, state, 0, false)).toBe('behind');
    expect(await log.checkpoint('nowhere' as RoomId, tenure, state, 0, false)).toBe('missing');
    await rooms.adopt(room, tenure, second);
    expect(await log.checkpoint(room, tenure, state, 0, false)).toBe('fenced');
  });

  it('sets the version of a room that has no log', async () => {
    const { room, tenure } = await playingRoom();
    expect(await log.checkpoint(room, tenure, pack(valueAt(room, 40)), 40, true)).toBe('ok');
    expect(await rooms.adopt(room, tenure, second)).toMatchObject({
      version: 40,
      checkpoint: { value: { version: 40 } },
      log: { changes: [] },
    });
  });
});

describe('the adoption of a room', () => {
  it('gives all acknowledged changes to the new owner', async () => {
    const { room, tenure } = await playingRoom();
    const last = append(room, tenure, 0, 3);
    await one(last);
    const adopted = await rooms.adopt(room, tenure, second);
    expect(adopted).toMatchObject({ version: 3, batch: last.batch, round: 0, start: 'start-1', doc });
    expect(adopted.epoch).toBeGreaterThan(tenure.epoch);
    expect(await one(append(room, tenure, 3))).toBe('fenced');
    expect(await records.read(room)).toMatchObject({ owner: second, epoch: adopted.epoch });
  });

  it('gives the room to only one of two servers', async () => {
    const { room, tenure } = await playingRoom();
    const answers = await Promise.all([log.adopt(room, tenure, second), log.adopt(room, tenure, third)]);
    expect(answers.filter((answer) => 'checkpoint' in answer)).toHaveLength(1);
  });

  it('returns the actual owner when the room has an unexpected owner', async () => {
    const { room, tenure } = await playingRoom();
    const { epoch } = await rooms.adopt(room, tenure, second);
    expect(await log.adopt(room, tenure, third)).toEqual({ owner: second, epoch, status: 'playing' });
    expect(await log.adopt('nowhere' as RoomId, tenure, third)).toEqual({ owner: null, epoch: 0, status: '' });
  });

  it('is refused when no game runs', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 1, { ended: { reason: 'finished' } }));
    expect(await log.adopt(room, tenure, second)).toMatchObject({ owner: null, status: 'waiting' });
  });

  it('is refused when an early version of Holdfast wrote the log', async () => {
    const { room, tenure } = await playingRoom();
    await redis.commands.xadd(logKey(room), `${tenure.epoch}-1`, 'f', '0', 'c', 'as 0.1 wrote it before');
    const before = await redis.commands.hgetall(roomKey(room));
    await expect(log.adopt(room, tenure, second)).rejects.toMatchObject({ code: 'unknown-game' });
    expect(await redis.commands.hgetall(roomKey(room))).toEqual(before);
  });

  it('rejects with the error of Redis when the log cannot be read', async () => {
    const { room, tenure } = await playingRoom();
    const before = await redis.commands.hgetall(roomKey(room));
    const url = new URL(process.env.HOLDFAST_TEST_REDIS_URL as string);
    [url.username, url.password] = [`no-log-${room}`, 'a-password'];
    await redis.commands.acl('SETUSER', url.username, 'on', `>${url.password}`, '~*', '&*', '+@all', '-lrange');
    const limited = new RedisConnections({ url: url.href });
    try {
      await limited.ready();
      const limitedLog = new RoomLog(limited, { replicas: 0, replicasTimeoutMs: 1_000 });
      const refusal = limitedLog.adopt(room, tenure, second).catch((error: unknown) => error);
      expect(storeFailureOf(await refusal)).toEqual({ reason: 'noperm', isCertain: true });
      expect(await redis.commands.hgetall(roomKey(room))).toEqual(before);
    } finally {
      limited.onApplicationShutdown();
      await redis.commands.acl('DELUSER', url.username);
    }
  });

  it('gives an epoch that is at least the given minimum', async () => {
    const { room, tenure } = await playingRoom();
    const epochMin = tenure.epoch + 5_000_000;
    expect((await rooms.adopt(room, tenure, second, epochMin)).epoch).toBe(epochMin);
  });

  it('stores the downtime until a change records the downtime', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0));
    const adopt = async (expected: Tenure, owner: RoomOwnership, aloneMs?: number) => {
      const adopted = (await log.adopt(room, expected, owner, 0, aloneMs)) as AdoptedRoom;
      return { tenure: { ...owner, epoch: adopted.epoch }, pausedMs: adopted.pausedMs };
    };
    const once = await adopt(tenure, second, 300);
    expect(once.pausedMs).toBe(0);
    const twice = await adopt(once.tenure, third, 200.4);
    expect(twice.pausedMs).toBe(300);
    const thrice = await adopt(twice.tenure, second);
    expect(thrice.pausedMs).toBe(500);
    await one(append(room, thrice.tenure, 1));
    expect((await adopt(thrice.tenure, third, 7)).pausedMs).toBe(0);
  });

  it('returns no checkpoint for a game without checkpoints', async () => {
    const room = await rooms.starting();
    const opened = await log.open(room, 'start-1', first, null, 'none');
    expect((await rooms.adopt(room, { ...first, epoch: opened?.epoch as number }, second)).checkpoint).toBeNull();
  });
});

describe('the handoff of a room', () => {
  const handedTo = (tenure: Tenure): Tenure => ({ ...second, epoch: tenure.epoch + 1 });

  it('passes the room with its state on to the new owner', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    const to = handedTo(tenure);
    expect(await log.handoff(room, tenure, 2, pack(valueAt(room, 2)), to, 1_000)).toBe('ok');
    expect(await log.handoff(room, tenure, 2, pack(valueAt(room, 2)), to, 1_000)).toBe('ok');
    expect(await one(append(room, tenure, 2))).toBe('fenced');
    const loaded = await rooms.adopt(room, to, second);
    expect(loaded).toMatchObject({ version: 2, log: { changes: [] }, checkpoint: { value: { version: 2 } } });
    expect(await log.handoff(room, tenure, 2, pack(valueAt(room, 2)), to, 1_000)).toBe('fenced');
  });

  it('passes the room time on to the new owner', async () => {
    const { room, tenure } = await playingRoom();
    const to = handedTo(tenure);
    await log.handoff(room, tenure, 0, pack(valueAt(room, 0)), to, 1_000);
    const loaded = await rooms.adopt(room, to, second);
    const { epoch, handedAt } = loaded as AdoptedRoom;
    expect(handedAt).toBeGreaterThanOrEqual(1_000);
    expect(handedAt).toBeLessThan(11_000);
    const again = await rooms.adopt(room, { ...second, epoch }, second);
    expect((again as AdoptedRoom).handedAt).toBeGreaterThanOrEqual(handedAt as number);
    const taken = await rooms.adopt(room, { ...second, epoch: (again as AdoptedRoom).epoch }, third);
    expect(taken).toMatchObject({ handedAt: null });
    expect(await rooms.adopt(room, { ...third, epoch: (taken as AdoptedRoom).epoch }, third)).toMatchObject({ handedAt: null });
  });

  it('gives an epoch above those of all earlier owners', async () => {
    const { room, tenure } = await playingRoom();
    const [seconds] = await redis.commands.time();
    expect(await log.nextEpoch(room, tenure.epoch)).toBeGreaterThanOrEqual(Number(seconds) * 1_000);
    const ahead = 9_000_000_000_000;
    expect(await log.nextEpoch(room, ahead)).toBe(ahead + 1);
    await redis.commands.hset(`hf:room:{${room}}`, 'epoch', ahead);
    expect(await log.nextEpoch(room, tenure.epoch)).toBe(ahead + 1);
  });

  it('is refused when its state lacks changes from the log', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    expect(await log.handoff(room, tenure, 1, pack(valueAt(room, 1)), handedTo(tenure), 1_000)).toBe('fenced');
    expect((await log.readTenures([room]))[0]).toMatchObject({ ...tenure, version: 2 });
  });

  it('returns `fenced`, `behind` or `missing` as an append does', async () => {
    const { room, tenure } = await playingRoom();
    const state = pack(valueAt(room, 0));
    expect(await log.handoff('nowhere' as RoomId, tenure, 0, state, handedTo(tenure), 1_000)).toBe('missing');
    const ahead = { ...tenure, epoch: tenure.epoch + 1 };
    expect(await log.handoff(room, ahead, 0, state, handedTo(ahead), 1_000)).toBe('behind');
    await rooms.adopt(room, tenure, third);
    expect(await log.handoff(room, tenure, 0, state, handedTo(tenure), 1_000)).toBe('fenced');
  });
});

describe('the reassertion of a room', () => {
  const stateOf = (version: number, room: RoomId) => ({
    version,
    batch: `batch-at-${version}`,
    state: pack(valueAt(room, version)),
    doc,
    rev: 100,
    game: 'counter',
    durability: 'every-change',
    round: 3,
    start: 'start-1',
  });

  it('writes the room into an empty store', async () => {
    const { room, tenure } = await playingRoom();
    await redis.commands.del(roomKey(room), logKey(room), checkpointKey(room));
    expect(await log.reassert(room, tenure, stateOf(7, room))).toBe('ok');
    const again = { status: 'playing', owner: first, epoch: tenure.epoch, version: 7, round: 3, doc, rev: 100 };
    expect(await records.read(room)).toMatchObject(again);
    expect(await one(append(room, tenure, 7))).toBe('ok');
    const adopted = await rooms.adopt(room, tenure, second);
    expect(adopted.checkpoint?.value.version).toBe(7);
    expect(adopted.log.changes.map(({ version }) => version)).toEqual([8]);
  });

  it('replaces an older value of the room by the value of the owner', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    const before = await records.read(room);
    expect(await log.reassert(room, tenure, { ...stateOf(5, room), doc: { ...doc, name: 'as it was' } })).toBe('ok');
    expect(await records.read(room)).toMatchObject({ version: 5, round: 3, doc: { name: 'a room' }, rev: before?.rev });
  });

  it('replaces an older document of the room', async () => {
    const { room, tenure } = await playingRoom();
    const { rev } = await rooms.read(room);
    const later = { ...doc, name: 'as it is' };
    expect(await log.reassert(room, tenure, { ...stateOf(5, room), doc: later, rev: rev + 3 })).toBe('ok');
    expect(await records.read(room)).toMatchObject({ status: 'playing', version: 5, doc: later, rev: rev + 3 });
  });

  it('is refused when a later round has begun', async () => {
    const { room, tenure } = await playingRoom();
    await redis.commands.hset(roomKey(room), 'round', 4, 'epoch', 1);
    expect(await log.reassert(room, tenure, stateOf(5, room))).toBe('fenced');
  });

  it('lets a repeated append succeed when the reasserted state contains the append', async () => {
    const { room, tenure } = await playingRoom();
    const onItsWay = append(room, tenure, 4);
    await log.reassert(room, tenure, { ...stateOf(5, room), batch: onItsWay.batch });
    expect(await one(onItsWay)).toBe('ok');
  });

  it('is refused when the store has more changes or another owner', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 3));
    expect(await log.reassert(room, tenure, stateOf(2, room))).toBe('fenced');
    expect(await log.reassert(room, { ...second, epoch: tenure.epoch }, stateOf(9, room))).toBe('fenced');
    await rooms.adopt(room, tenure, second);
    expect(await log.reassert(room, tenure, stateOf(9, room))).toBe('fenced');
  });

  it('does not restart an ended game', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 1, { ended: { reason: 'finished' } }));
    expect(await log.reassert(room, tenure, stateOf(1, room))).toBe('fenced');
    expect(await statusOf(room)).toBe('waiting');
  });
});

describe('the published messages of a game', () => {
  it('contain all changed values of the record', async () => {
    const pubSub = new PubSub(redis);
    const room = await rooms.starting();
    const heard: string[] = [];
    await pubSub.subscribe(roomKey(room), (message) => heard.push(message));
    const records: RoomRecord[] = [await rooms.read(room)];
    const opened = await log.open(room, 'start-1', first, valueAt(room, 0), 'every-change');
    records.push(await rooms.read(room));
    const adopted = await rooms.adopt(room, { ...first, epoch: opened?.epoch as number }, second);
    records.push(await rooms.read(room));
    await one(append(room, { ...second, epoch: adopted.epoch }, 0, 1, { ended: { reason: 'finished', result: { winner: 'a b' } } }));
    records.push(await rooms.read(room));
    expect(heard).toHaveLength(3);
    for (const [index, message] of heard.entries()) {
      expect(readNews(records[index], message)).toEqual({ kind: 'record', record: records[index + 1] });
    }
  });
});

describe('the end of a game', () => {
  const effects: PendingEffect[] = [{ key: 'room:1:0', name: 'pay', data: { to: 'ada' } }];
  const epilogueOf = (tenure: Tenure): Epilogue => ({
    epoch: tenure.epoch,
    round: 0,
    version: 1,
    seats: [{ user: 'ada', seq: 4, refused: [], state: { count: 1 } }],
    watched: { count: 1 },
    events: [{ version: 1, name: 'won' }],
    since: 0,
  });

  it('makes the room wait for its next game, and stores the result, the last effects and the epilogue', async () => {
    const { room, tenure } = await playingRoom();
    const end = { ended: { reason: 'finished' as const, result: { winner: 0 } }, lastEffects: effects, epilogue: epilogueOf(tenure) };
    const write = append(room, tenure, 0, 1, end);
    expect(await one(write)).toBe('ok');
    expect(await one(write)).toBe('ok');
    expect(await records.read(room)).toMatchObject({ status: 'waiting', owner: null, round: 1, result: end.ended, start: null });
    expect((await ends.lastEffects(room)).effects).toEqual(effects);
    expect(await ends.epilogue(room)).toEqual(end.epilogue);
    expect(await redis.commands.exists(logKey(room), checkpointKey(room))).toBe(0);
    await ends.lastEffectsDone(room, (await ends.lastEffects(room)).batches);
    expect((await ends.lastEffects(room)).effects).toEqual([]);
  });

  it('returns `fenced`, `behind` or `conflict` as an append does', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    const ended = { reason: 'finished' as const };
    expect(await one(append(room, tenure, 1, 1, { ended }))).toBe('conflict');
    expect(await one(append(room, tenure, 3, 1, { ended }))).toBe('behind');
    expect(await one(append(room, { ...tenure, epoch: tenure.epoch - 1 }, 2, 1, { ended }))).toBe('fenced');
    expect(await one(append('nowhere' as RoomId, tenure, 2, 1, { ended }))).toBe('missing');
    expect(await one({ ...append(room, tenure, 2, 1, { ended }), from: null })).toBe('ok');
    expect(await one(append(room, tenure, 2, 1, { ended }))).toBe('fenced');
  });

  it('stores no effects and no epilogue when the game has none', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 1, { ended: { reason: 'finished' } }));
    expect(await ends.epilogue(room)).toBeNull();
    expect((await ends.lastEffects(room)).effects).toEqual([]);
  });

  it('is written by `abandon` only once, and only when the record has the given epoch and owner', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    const result = { reason: 'server-lost' as const };
    expect(await log.abandon(room, { ...tenure, epoch: tenure.epoch - 1 }, result)).toBe(false);
    expect(await log.abandon(room, { ...tenure, ...second }, result)).toBe(false);
    expect((await Promise.all([log.abandon(room, tenure, result), log.abandon(room, tenure, result)])).sort()).toEqual([false, true]);
    expect(await records.read(room)).toMatchObject({ status: 'waiting', owner: null, round: 1, result });
    expect(await one(append(room, tenure, 2))).toBe('fenced');
  });
});

describe('the unreadable data of a room', () => {
  it.each<[string, (room: string) => Promise<unknown>]>([
    ['a checkpoint of meaningless bytes', (room) => redis.commands.set(checkpointKey(room as RoomId), 'neither one thing nor another')],
    [
      'a checkpoint that is MessagePack, but not a room',
      (room) => redis.commands.set(checkpointKey(room as RoomId), Buffer.from(pack({ room, state: 1 }))),
    ],
    [
      'a checkpoint that contains meaningless bytes',
      async (room) => redis.commands.setrange(checkpointKey(room as RoomId), 12, Buffer.alloc(40, 0xc1)),
    ],
    ['a log with meaningless bytes instead of a change', (room) => redis.commands.rpush(logKey(room as RoomId), Buffer.from([0xc1, 0xc1]))],
    ['a log with a text instead of a change', (room) => redis.commands.rpush(logKey(room as RoomId), Buffer.from(pack('text')))],
  ])('does not prevent the adoption of the room, and is reported: %s', async (_what, corrupt) => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    await corrupt(room);
    const adopted = await log.adopt(room, tenure, second);
    expect(adopted).toMatchObject({ unreadable: expect.any(String), epoch: expect.any(Number) });
    expect((adopted as { epoch: number }).epoch).toBeGreaterThan(tenure.epoch);
    expect(await one(append(room, tenure, 2))).toBe('fenced');
  });

  it('stays in the store for some time after the end of the game', async () => {
    const { room, tenure } = await playingRoom();
    await one(append(room, tenure, 0, 2));
    await redis.commands.set(checkpointKey(room), 'broken');
    expect(await log.abandon(room, tenure, { reason: 'unreadable' })).toBe(true);
    expect(await records.read(room)).toMatchObject({ status: 'waiting', result: { reason: 'unreadable' } });
    expect(await redis.commands.exists(logKey(room), checkpointKey(room))).toBe(0);
    expect(await redis.commands.get(keptCheckpointKey(room))).toBe('broken');
    expect(await redis.commands.llen(keptLogKey(room))).toBe(2);
    for (const key of [keptCheckpointKey(room), keptLogKey(room)]) {
      const ms = await redis.commands.pttl(key);
      expect(ms).toBeGreaterThan(ENDED_GAME_RETENTION_MS / 2);
      expect(ms).toBeLessThanOrEqual(ENDED_GAME_RETENTION_MS);
    }
  });

  it('prevents the adoption of the room when a newer version of Holdfast wrote the data', async () => {
    const { room, tenure } = await playingRoom();
    await redis.commands.hset(`hf:room:{${room}}`, 'format', LOG_FORMAT_MAX + 1);
    await redis.commands.set(checkpointKey(room), 'in a form of tomorrow');
    await expect(log.adopt(room, tenure, second)).rejects.toMatchObject({ code: 'unknown-game' });
    expect(await records.read(room)).toMatchObject({ status: 'playing', owner: first, epoch: tenure.epoch });
  });

  it('is copied to a separate key when a batch of effects is unreadable', async () => {
    const { room, tenure } = await playingRoom();
    const effects = [{ name: 'pay', key: 'k' }];
    const end = { ended: { reason: 'finished' as const }, lastEffects: effects, epilogue: undefined };
    await one(append(room, tenure, 0, 1, end));
    await redis.commands.hset(effectsKey(room), 'older', Buffer.from([0xc1]));
    const last = await ends.lastEffects(room);
    expect(last).toMatchObject({ effects, unreadable: ['older'] });
    await ends.lastEffectsDone(room, last.batches);
    expect(await ends.hasLastEffects(room)).toBe(false);
    expect(await redis.commands.hexists(keptEffectsKey(room), 'older')).toBe(1);
  });

  it('does not prevent reads of other records', async () => {
    const [odd, fine] = await Promise.all([playingRoom(), playingRoom()]);
    await redis.commands.hset(`hf:room:{${odd.room}}`, 'doc', '{');
    expect(await records.readMany([odd.room, fine.room])).toMatchObject([null, { id: fine.room }]);
  });
});

describe('the format of a room log', () => {
  it('is 2 only when changes of the game can have state patches', async () => {
    const { room, tenure } = await playingRoom();
    const format = () => redis.commands.hget(roomKey(room), 'format');
    expect(await format()).toBeNull();
    const game = (await redis.commands.hget(roomKey(room), 'game')) as string;
    const next = (await log.adopt(
      room,
      tenure,
      second,
      0,
      0,
      new Map([
        ['other', 2],
        [`${game}2`, 2],
      ]),
    )) as { epoch: number };
    expect(await format()).toBeNull();
    const again = (await log.adopt(
      room,
      { ...second, epoch: next.epoch },
      second,
      0,
      0,
      new Map([
        ['other', 2],
        [game, 2],
      ]),
    )) as { epoch: number };
    expect(await format()).toBe('2');
    const delta = { version: 1, at: 5, delta: Uint8Array.of(1, 0x68, 2) };
    const held = { ...second, epoch: again.epoch };
    expect(await one({ ...append(room, held, 0, 1), entries: [packChange(delta)] })).toBe('ok');
    const adopted = await log.adopt(room, held, first);
    expect(adopted).toMatchObject({ log: { changes: [delta] } });
    expect(await format()).toBe('2');
    // A handoff empties the log, so a server that knows only format 1 can take the room.
    const mine = { ...first, epoch: (adopted as { epoch: number }).epoch };
    const to = { ...second, epoch: mine.epoch + 1 };
    expect(await log.handoff(room, mine, 1, packCheckpoint(valueAt(room, 1), null), to, 5)).toBe('ok');
    expect(await format()).toBeNull();
  });

  it('is raised to 3 by a server that adopts the room with format 3, and is never lowered to 2', async () => {
    const { room, tenure } = await playingRoom();
    const format = () => redis.commands.hget(roomKey(room), 'format');
    const game = (await redis.commands.hget(roomKey(room), 'game')) as string;
    const { epoch } = (await log.adopt(room, tenure, first, 0, 0, new Map([[game, 3]]))) as { epoch: number };
    expect(await format()).toBe('3');
    const to = { ...second, epoch: epoch + 1 };
    expect(await log.handoff(room, { ...first, epoch }, 0, packCheckpoint(valueAt(room, 0), null), to, 5, 3)).toBe('ok');
    expect(await format()).toBe('3');
    await log.adopt(room, to, second, 0, 0, new Map([[game, 2]]));
    expect(await format()).toBe('3');
  });
});

describe('RoomLog.readTenures', () => {
  it('returns one entry for each room, in the order of the given rooms', async () => {
    const [a, b] = await Promise.all([playingRoom(), playingRoom(second)]);
    await one(append(b.room, b.tenure, 0, 4));
    expect(await log.readTenures([b.room, 'nowhere' as RoomId, a.room])).toEqual([
      { ...b.tenure, version: 4, status: 'playing' },
      null,
      { ...a.tenure, version: 0, status: 'playing' },
    ]);
  });
});

describe('a room log whose replicas do not answer', () => {
  const careful = new RoomLog(redis, { replicas: 1, replicasTimeoutMs: 50 });

  it('stores a write only once when the write is repeated after `unknown`', async () => {
    const { room, tenure } = await playingRoom();
    const write = append(room, tenure, 0);
    expect(await careful.appendAll([write])).toEqual(['unknown']);
    expect(await careful.appendAll([write])).toEqual(['unknown']);
    expect((await log.recent(room, 10)).map(({ version }) => version)).toEqual([1]);
    expect(await careful.checkpoint(room, tenure, pack(valueAt(room, 1)), 1, false)).toBe('unknown');
    expect(await one(write)).toBe('ok');
  });

  it('returns the result of Redis when Redis refuses the write', async () => {
    const { room, tenure } = await playingRoom();
    await rooms.adopt(room, tenure, second);
    expect(await careful.appendAll([append(room, tenure, 0)])).toEqual(['fenced']);
    await expect(careful.adopt(room, tenure, third)).resolves.toMatchObject({ owner: second });
  });

  it('makes an adoption fail, because possibly only one copy of the data exists', async () => {
    const { room, tenure } = await playingRoom();
    await expect(careful.adopt(room, tenure, second)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a room log without a store', () => {
  it('returns `unknown` for each write, and does so within a time limit', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-room-log-'));
    const server = await startRedis({ dir });
    const lost = new RedisConnections({ url: server.url, commandTimeoutMs: 500 });
    try {
      await lost.ready();
      const lostLog = new RoomLog(lost, { replicas: 0, replicasTimeoutMs: 100 });
      const tenure = { ...first, epoch: 1 };
      expect(await lostLog.appendAll([append('any' as RoomId, tenure, 0)])).toEqual(['missing']);
      // Redis keeps the connection open and sends no answer.
      process.kill(server.pid, 'SIGSTOP');
      expect(await lostLog.appendAll([append('any' as RoomId, tenure, 0), append('other' as RoomId, tenure, 0)])).toEqual([
        'unknown',
        'unknown',
      ]);
      process.kill(server.pid, 'SIGCONT');
      await server.stop();
      // Redis has stopped, so the connection is closed.
      expect(await lostLog.appendAll([append('any' as RoomId, tenure, 0)])).toEqual(['unknown']);
      expect(await lostLog.checkpoint('any' as RoomId, tenure, new Uint8Array(1), 1, false)).toBe('unknown');
      await expect(lostLog.readTenures(['any' as RoomId])).rejects.toThrow();
    } finally {
      lost.onApplicationShutdown();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
