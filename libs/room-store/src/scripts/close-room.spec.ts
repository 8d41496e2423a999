import { randomUUID } from 'node:crypto';
import type { RoomId, ServerId } from '#libs/protocol';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { closedKey, roomKey } from '../room-keys.js';
import type { RoomRecord } from '../room-record.js';
import { StoredRooms } from '../rooms.fixture.js';

/**
 * Simulates an owner that is suspended. Meanwhile other servers end its game and close the room. Then the owner tries to write the room
 * again.
 */
const owner = { server: 'hf:game:sleeper' as ServerId, incarnation: 1 };

const doc = roomDoc({ private: true });
const rooms = new StoredRooms(doc);
const { redis, records, log } = rooms;

async function playedRoom(): Promise<{ room: RoomId; epoch: number }> {
  const { room, tenure } = await rooms.playing(owner);
  return { room, epoch: tenure.epoch };
}

const reassert = (room: RoomId, epoch: number) =>
  log.reassert(
    room,
    { ...owner, epoch },
    {
      version: 3,
      batch: 'b',
      state: new Uint8Array([1]),
      doc,
      rev: 1,
      game: 'chess',
      durability: 'every-change',
      round: 0,
      start: 'start-1',
    },
  );

describe('the record of a closed room', () => {
  it('is not restored by a former owner that was suspended', async () => {
    const { room, epoch } = await playedRoom();
    expect(await log.abandon(room, { ...owner, epoch }, { reason: 'abandoned' })).toBe(true);
    expect(await records.close((await records.read(room)) as RoomRecord, 'empty')).toBe(true);
    expect(await reassert(room, epoch)).toBe('fenced');
    expect(await redis.commands.exists(roomKey(room))).toBe(0);
    expect(await redis.commands.pttl(closedKey(room))).toBeGreaterThan(0);
  });

  it('is not restored by a gateway that was suspended', async () => {
    const room = randomUUID() as RoomId;
    const known = (await records.create(room, 'chess', doc)) as RoomRecord;
    expect(await records.close(known, 'empty')).toBe(true);
    expect(await records.restore(known)).toBe('closed');
    expect(await records.read(room)).toBeNull();
  });
});

describe('the record of a room with a running game', () => {
  it('is restored by the owner after the store lost the record', async () => {
    const { room, epoch } = await playedRoom();
    await redis.commands.del(roomKey(room));
    expect(await reassert(room, epoch)).toBe('ok');
    expect((await records.read(room))?.owner).toEqual(owner);
    await redis.commands.del(roomKey(room));
  });
});
