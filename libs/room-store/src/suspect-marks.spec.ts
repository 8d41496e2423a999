import { pack, type RoomId, serverId, type UserId } from '#libs/protocol';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import type { AdoptedRoom } from './adopted-room.js';
import type { Tenure } from './append.js';
import { effectsKey } from './room-keys.js';
import type { RoomOwnership } from './room-record.js';
import { StoredRooms } from './rooms.fixture.js';
import { LOSSES_MAX, SuspectMarks } from './suspect-marks.js';

const rooms = new StoredRooms(roomDoc({ seats: 1, seatsMin: 1, private: true, players: ['ada' as UserId] }));
const { redis, log, ends } = rooms;
const marks = new SuspectMarks(redis.commands);

const servers = Array.from(
  { length: 4 },
  (_, index): RoomOwnership => ({
    server: serverId('game', `suspect-${index}`),
    incarnation: 100 + index,
  }),
);
const COMMAND = { handler: 'command place', seat: 0, seq: 7 };

async function playingRoom(): Promise<Tenure & { room: RoomId }> {
  const { room, tenure } = await rooms.playing(servers[0], (id) => ({
    room: id,
    game: 'counter',
    gameVersion: 1,
    version: 0,
    seats: [],
    timers: {},
    state: {},
    outbox: [],
  }));
  return { room, ...tenure };
}

function adoptBy(owner: RoomOwnership, { room, ...expected }: Tenure & { room: RoomId }): Promise<AdoptedRoom> {
  return rooms.adopt(room, expected, owner);
}

describe('the mark of an input that could crash the owner of its room', () => {
  it('is returned to the next owner together with the count of lost owners', async () => {
    const tenure = await playingRoom();
    await marks.mark(tenure, COMMAND);
    expect(await adoptBy(servers[1], tenure)).toMatchObject({ poison: COMMAND, losses: 1 });
  });

  it('does not raise the count of lost owners when the next owner is lost before it sets a mark', async () => {
    const tenure = await playingRoom();
    await marks.mark(tenure, COMMAND);
    const second = await adoptBy(servers[1], tenure);
    const third = await adoptBy(servers[2], { ...tenure, ...servers[1], epoch: second.epoch });
    expect(third).toMatchObject({ poison: COMMAND, losses: 1 });
  });

  it('raises the count of lost owners to two when two successive owners set marks and are lost', async () => {
    const tenure = await playingRoom();
    await marks.mark(tenure, COMMAND);
    const second = await adoptBy(servers[1], tenure);
    await marks.mark({ room: tenure.room, epoch: second.epoch }, { ...COMMAND, seq: 9 });
    const third = await adoptBy(servers[2], { ...tenure, ...servers[1], epoch: second.epoch });
    expect(third).toMatchObject({ poison: { seq: 9 }, losses: LOSSES_MAX });
  });

  it('is removed when the owner has finished the input', async () => {
    const tenure = await playingRoom();
    await marks.mark(tenure, COMMAND);
    await marks.clear(tenure, { ...COMMAND, seq: 6 });
    await marks.clear(tenure, COMMAND);
    await marks.mark(tenure, { ...COMMAND, seq: 8 });
    await marks.clear(tenure, { ...COMMAND, seq: 8 });
    expect(await adoptBy(servers[1], tenure)).toMatchObject({ poison: null, losses: 0 });
  });

  it('cannot be set after the owner has lost the room', async () => {
    const tenure = await playingRoom();
    const second = await adoptBy(servers[1], tenure);
    await marks.mark(tenure, COMMAND);
    expect(await adoptBy(servers[2], { ...tenure, ...servers[1], epoch: second.epoch })).toMatchObject({ poison: null, losses: 0 });
  });

  it('is ignored when a server adopts its own room', async () => {
    const tenure = await playingRoom();
    await marks.mark(tenure, COMMAND);
    expect(await adoptBy(servers[0], tenure)).toMatchObject({ poison: null, losses: 0 });
  });

  it('is removed with the end of the game', async () => {
    const tenure = await playingRoom();
    await marks.mark(tenure, COMMAND);
    const second = await adoptBy(servers[1], tenure);
    const write = {
      room: tenure.room,
      tenure: { ...servers[1], epoch: second.epoch },
      from: 0,
      entries: [],
      batch: 'b',
      ended: { reason: 'game-failed' as const },
    };
    expect(await log.appendAll([write])).toEqual(['ok']);
    expect(await redis.commands.hmget(`hf:room:{${tenure.room}}`, 'suspect', 'poison', 'losses')).toEqual([null, null, null]);
  });
});

describe('the mark of a setup that could crash the owner', () => {
  it('is part of the room record until the mark is removed', async () => {
    const room = await rooms.starting();
    const setup = { handler: 'setup', seat: -1, seq: 0 };
    expect((await rooms.read(room)).hasFailedSetup).toBe(false);
    await marks.mark({ room, start: 'start-1' }, setup);
    expect((await rooms.read(room)).hasFailedSetup).toBe(true);
    await marks.clear({ room, start: 'start-1' }, setup);
    expect((await rooms.read(room)).hasFailedSetup).toBe(false);
  });

  it('is not stored when the start is no longer current', async () => {
    const room = await rooms.starting();
    await marks.mark({ room, start: 'another' }, { handler: 'setup', seat: -1, seq: 0 });
    expect((await rooms.read(room)).hasFailedSetup).toBe(false);
  });
});

describe('the mark of an effect of a game that has ended', () => {
  it('is returned to the next owner together with the pending effects', async () => {
    const { room } = await playingRoom();
    const effects = [
      { key: 'k1', name: 'pay', data: 1 },
      { key: 'k2', name: 'pay', data: 2 },
    ];
    await redis.commands.hset(effectsKey(room), 'batch-1', Buffer.from(pack(effects)));
    await marks.mark({ room, effect: 'k2' }, { handler: 'effect pay', seat: -1, seq: 0, effect: 'k2' });
    const left = await ends.lastEffects(room);
    expect(left).toMatchObject({ effects, poisoned: ['k2'] });
    await ends.lastEffectsDone(room, left.batches);
    expect(await ends.hasLastEffects(room)).toBe(false);
  });
});
