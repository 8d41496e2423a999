import { randomUUID } from 'node:crypto';
import type { RoomId, ServerId, UserId } from '#libs/protocol';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import type { Tenure } from './append.js';
import type { EndedGame } from './ended-game.js';
import { checkpointKey, closedKey, effectsKey, epilogueKey, logKey, roomKey, userKey } from './room-keys.js';
import type { RoomRecord } from './room-record.js';
import { RoomRecords } from './room-records.js';
import { StoredRooms } from './rooms.fixture.js';
import { UserRooms } from './user-rooms.js';

// This file tests how gateways and owners restore records in a store that returned to an earlier state or lost everything.
const owner = { server: 'hf:game:restorer' as ServerId, incarnation: 1 };

const doc = roomDoc({ members: [{ user: 'ada' as UserId, name: 'Ada', readyRound: null, here: true }], createdAt: 5 });
const { redis, records, log, ends } = new StoredRooms(doc);
const users = new UserRooms(redis);

/** A room whose keys the test can set back to an earlier state. */
class Times {
  private constructor(readonly room: RoomId) {}

  static async make(): Promise<Times> {
    const room = randomUUID() as RoomId;
    await records.create(room, 'chess', doc);
    return new Times(room);
  }

  read(): Promise<RoomRecord> {
    return records.read(this.room) as Promise<RoomRecord>;
  }

  async save(change: Parameters<RoomRecords['save']>[1]): Promise<RoomRecord> {
    return (await records.save(await this.read(), change)) as RoomRecord;
  }

  async play(start = randomUUID()): Promise<Tenure> {
    await this.save({ status: 'starting', start });
    const opened = await log.open(this.room, start, owner, null, 'every-change');
    return { ...owner, epoch: opened?.epoch as number };
  }

  async end(tenure: Tenure): Promise<EndedGame> {
    let ended: Partial<EndedGame> = {};
    const result = { reason: 'finished' as const };
    const onEnded = (at: Pick<EndedGame, 'doc' | 'rev'>): void => {
      ended = at;
    };
    const append = { room: this.room, tenure, from: null, entries: [], batch: `end-${tenure.epoch}`, ended: result, onEnded };
    expect(await log.appendAll([append])).toEqual(['ok']);
    const { round } = await this.read();
    const effects = [{ key: 'k', name: 'pay', data: 1 }];
    return { ...(ended as EndedGame), epoch: tenure.epoch, batch: append.batch, result, effects, epilogue: null, round, game: 'chess' };
  }

  /** Saves the values of the room's keys. Returns a function that restores these values in the store. */
  async moment(): Promise<() => Promise<void>> {
    const keys = [roomKey, logKey, checkpointKey, closedKey, effectsKey, epilogueKey].map((key) => key(this.room));
    const dumps = await Promise.all(keys.map((key) => redis.commands.dumpBuffer(key)));
    return async () => {
      await redis.commands.del(...keys);
      for (const [index, dump] of dumps.entries()) if (dump) await redis.commands.restore(keys[index], 0, dump);
    };
  }
}

describe('a gateway that restores a record', () => {
  it('writes the record of a lost room, and lists a public room again', async () => {
    const times = await Times.make();
    const known = await times.save({ doc: { ...doc, name: 'renamed' } });
    await redis.commands.del(roomKey(times.room));
    await records.unindex([times.room]);
    await records.unlist([times.room]);
    expect(await records.restore(known)).toBe('restored');
    expect(await times.read()).toEqual(known);
    expect(await redis.commands.zscore('hf:rooms', times.room)).toBe('5');
    expect(await records.areListed([known])).toEqual([true]);
  });

  it('changes nothing when the store has an equal or later revision', async () => {
    const times = await Times.make();
    const known = await times.read();
    expect(await records.restore(known)).toBe('known');
    const later = await times.save({ doc: { ...doc, name: 'later' } });
    expect(await records.restore(known)).toBe('known');
    expect(await times.read()).toEqual(later);
  });

  it('stores the newer of two revisions, whichever revision is restored first', async () => {
    const times = await Times.make();
    const first = await times.read();
    const second = await times.save({ doc: { ...doc, name: 'later' } });
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      await redis.commands.del(roomKey(times.room));
      for (const known of order) await records.restore(known);
      expect(await times.read()).toEqual(second);
    }
  });

  it('does not restore a running game, which only the owner can restore', async () => {
    const times = await Times.make();
    const before = await times.moment();
    const tenure = await times.play();
    const known = await times.read();
    await before();
    expect(await records.restore(known)).toBe('restored');
    expect(await times.read()).toMatchObject({ rev: known.rev, status: 'waiting', owner: null });
    const living = { version: 3, batch: 'b', state: new Uint8Array([1]), game: 'chess', durability: 'every-change', round: 0 };
    const { doc: knownDoc, rev } = known;
    expect(await log.reassert(times.room, tenure, { ...living, doc: knownDoc, rev, start: known.start as string })).toBe('ok');
    expect(await times.read()).toMatchObject({ ...known, version: 3, since: expect.any(Number) });
  });

  it('ends a game that still runs in the store when the gateway knows that the game has ended', async () => {
    const times = await Times.make();
    const tenure = await times.play();
    const during = await times.moment();
    await times.end(tenure);
    const known = await times.read();
    await during();
    expect(await records.restore(known)).toBe('restored');
    expect(await times.read()).toMatchObject({ status: 'waiting', round: 1, result: { reason: 'finished' }, owner: null, rev: known.rev });
    const next = await times.play();
    expect(next.epoch).toBeGreaterThan(tenure.epoch);
  });

  it('ends the previous game when the store lost the start of the next game', async () => {
    const times = await Times.make();
    const first = await times.play();
    const during = await times.moment();
    await times.end(first);
    const second = await times.play();
    const known = await times.read();
    await during();
    expect(await records.restore(known)).toBe('restored');
    expect(await times.read()).toMatchObject({ status: 'waiting', round: 1, owner: null, rev: known.rev });
    const living = { version: 0, batch: '', state: null, game: 'chess', durability: 'every-change', round: 1 };
    expect(await log.reassert(times.room, second, { ...living, doc: known.doc, rev: known.rev, start: known.start as string })).toBe('ok');
    expect(await times.read()).toMatchObject({ status: 'playing', round: 1, owner, epoch: second.epoch, rev: known.rev });
    expect(await log.reassert(times.room, first, { ...living, round: 0, doc, rev: 1, start: 's' })).toBe('fenced');
  });
});

describe('an owner that restores the end of a game', () => {
  it('ends a game that still runs in the store, and changes nothing when the owner repeats the write', async () => {
    const times = await Times.make();
    const tenure = await times.play();
    const during = await times.moment();
    const ended = await times.end(tenure);
    const known = await times.read();
    await during();
    for (let again = 0; again < 2; again++) {
      expect(await ends.restoreEnd(times.room, ended)).toBe('ok');
      expect(await times.read()).toMatchObject({ ...known, since: expect.any(Number) });
    }
    expect((await ends.lastEffects(times.room)).effects).toEqual(ended.effects);
  });

  it('restores the effects and the epilogue only after a gateway has restored the record', async () => {
    const times = await Times.make();
    const tenure = await times.play();
    const ended = await times.end(tenure);
    const known = await times.read();
    await redis.commands.del(roomKey(times.room), effectsKey(times.room), epilogueKey(times.room));
    expect(await ends.restoreEnd(times.room, ended)).toBe('missing');
    expect(await times.read()).toBeNull();
    await records.restore(known);
    expect(await ends.restoreEnd(times.room, ended)).toBe('ok');
    expect(await times.read()).toMatchObject({ status: 'waiting', round: 1, result: ended.result, rev: known.rev, doc });
    expect((await ends.lastEffects(times.room)).effects).toEqual(ended.effects);
    expect(await redis.commands.exists(epilogueKey(times.room))).toBe(1);
  });

  it('changes nothing when the room is closed or plays a later game', async () => {
    const times = await Times.make();
    const ended = await times.end(await times.play());
    await times.play();
    const playing = await times.read();
    expect(await ends.restoreEnd(times.room, ended)).toBe('fenced');
    expect(await times.read()).toEqual(playing);
    const other = await Times.make();
    const over = await other.end(await other.play());
    await records.close(await other.read(), 'empty');
    expect(await ends.restoreEnd(other.room, over)).toBe('missing');
    expect(await other.read()).toBeNull();
  });
});

describe('a gateway that restores the record of a user', () => {
  const user = () => randomUUID() as UserId;
  const room = randomUUID() as RoomId;

  it('writes the room of the user when the store lost the record', async () => {
    const ada = user();
    const { admissionNumber: turn } = await users.admit(ada);
    await redis.commands.del(userKey(ada));
    expect(await users.restore(ada, { room, watching: true }, { turn, number: 4 })).toEqual({ outcome: 'written', before: null });
    expect(await users.get(ada)).toEqual({ room, watching: true });
    expect(await users.move(ada, null, { asked: { turn, number: 3 } })).toBe(false);
    expect(await users.move(ada, null, { asked: { turn, number: 4 } })).toBe(true);
  });

  it('removes the user from the stored room when the gateway knows that the user has left that room', async () => {
    const ada = user();
    const { admissionNumber: turn } = await users.admit(ada);
    await users.move(ada, { room, watching: false }, { asked: { turn, number: 1 } });
    const restored = await users.restore(ada, null, { turn, number: 3 });
    expect(restored).toEqual({ outcome: 'written', before: { room, watching: false } });
    expect(await users.get(ada)).toBeNull();
  });

  it('changes nothing after another admission or a later request of the user', async () => {
    const ada = user();
    const { admissionNumber: turn } = await users.admit(ada);
    await users.move(ada, { room, watching: false }, { asked: { turn, number: 2 } });
    expect((await users.restore(ada, null, { turn, number: 2 })).outcome).toBe('moved');
    await redis.commands.hset(userKey(ada), 'turn', turn + 5);
    expect((await users.restore(ada, null, { turn, number: 9 })).outcome).toBe('late');
    expect(await users.get(ada)).toEqual({ room, watching: false });
  });
});
