import { COUNTING } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';

let hosts: Hosts;
let first: Host;
let second: Host;
beforeEach(async () => {
  hosts = new Hosts(COUNTING);
  await hosts.ready();
  first = hosts.add('first');
  second = hosts.add('second');
  await Promise.all([first.auditor.audit('test'), second.auditor.audit('test')]);
});
afterEach(() => hosts.close());

const keysOf = (room: string) => ['', ':log', ':checkpoint'].map((part) => `hf:room:{${room}}${part}`);

describe('the audit of an owner', () => {
  it('restores a room and its index entries when the store has lost both', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    await hosts.redis.commands.del(...keysOf(room.id), `hf:rooms-of:${first.self.id}:${first.self.incarnation}`);
    await hosts.records.unindex([room.id]);
    await first.auditor.audit('test');
    expect(await hosts.record(room.id)).toMatchObject({ version: 1, status: 'playing', owner: { server: first.self.id }, doc: room.doc });
    expect(await hosts.records.list(1_000)).toContain(room.id);
    expect(await hosts.records.roomsOf(first.self.id, first.self.incarnation)).toContain(room.id);
    await first.does(room, 0, 'add');
    first.stop();
    await second.loader.adopt([await hosts.tenure(room.id)]);
    expect(second.rooms.get(room.id)?.value.state).toEqual({ count: 2 });
  });

  it('restores a change that the store has lost', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    await hosts.redis.commands.hset(`hf:room:{${room.id}}`, 'version', 0, 'batch', '');
    await hosts.redis.commands.del(`hf:room:{${room.id}}:log`);
    await first.auditor.audit('test');
    expect((await hosts.record(room.id)).version).toBe(1);
  });

  it('starts again immediately when an event requests another audit', async () => {
    const rooms = await Promise.all(Array.from({ length: 110 }, () => hosts.open(first)));
    const asked: number[] = [];
    const { readTenures } = first.roomLog;
    jest.spyOn(first.roomLog, 'readTenures').mockImplementation((ids) => {
      asked.push(ids.length);
      return readTenures.call(first.roomLog, ids);
    });
    await hosts.redis.commands.del(...keysOf(rooms[109].id));
    void first.auditor.audit('interval');
    await first.auditor.audit('test');
    expect(await hosts.record(rooms[109].id)).toMatchObject({ status: 'playing' });
    expect(asked).toEqual([110]);
    jest.restoreAllMocks();
  });

  it('changes nothing when the store has all rooms of the owner', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    const { rev } = await hosts.record(room.id);
    await first.auditor.audit('test');
    expect((await hosts.record(room.id)).rev).toBe(rev);
    expect(first.rooms.get(room.id)).toBe(room);
  });

  it('drops a room that another server owns, but does not change the room record', async () => {
    const room = await hosts.open(first);
    await second.loader.adopt([await hosts.tenure(room.id)]);
    const theirs = await hosts.record(room.id);
    await first.auditor.audit('test');
    expect(first.rooms.get(room.id)).toBeUndefined();
    expect(await hosts.record(room.id)).toEqual(theirs);
  });

  it('drops a room whose game another server has ended', async () => {
    const room = await hosts.open(first);
    const { room: _, ...tenure } = await hosts.tenure(room.id);
    expect(await first.roomLog.abandon(room.id, tenure, { reason: 'orphaned' })).toBe(true);
    await first.auditor.audit('test');
    expect(first.rooms.get(room.id)).toBeUndefined();
    expect((await hosts.record(room.id)).status).toBe('waiting');
  });
});

describe('a game that has ended', () => {
  const effectsKeyOf = (room: string) => `hf:room:{${room}}:effects`;

  async function ended() {
    const room = await hosts.open(first);
    const during = await hosts.redis.commands.dumpBuffer(`hf:room:{${room.id}}`);
    room.handle({ kind: 'end', result: { reason: 'finished' } });
    first.appender.markDirty(room);
    await until(async () => first.rooms.get(room.id) === undefined && (await hosts.record(room.id)).status === 'waiting');
    const back = async () => {
      await hosts.redis.commands.del(...keysOf(room.id), effectsKeyOf(room.id));
      await hosts.redis.commands.restore(`hf:room:{${room.id}}`, 0, during);
    };
    return { room, back, over: await hosts.record(room.id) };
  }

  it('is dropped by its owner when the answer to the last append was lost and a lobby has closed the room', async () => {
    const room = await hosts.open(first);
    const { appendAll } = first.roomLog;
    jest.spyOn(first.roomLog, 'appendAll').mockImplementationOnce(async (appends) => {
      await appendAll.call(first.roomLog, appends);
      return appends.map(() => 'unknown');
    });
    room.handle({ kind: 'end', result: { reason: 'finished' } });
    first.appender.markDirty(room);
    await until(async () => (await hosts.record(room.id)).status === 'waiting');
    await hosts.records.close(await hosts.record(room.id), 'empty');
    await hosts.redis.commands.del('hf:audited');
    await until(async () => {
      await first.auditor.audit('test');
      return (await hosts.redis.commands.hexists('hf:audited', `${first.self.id}:${first.self.incarnation}`)) === 1;
    });
    expect(first.rooms.get(room.id)).toBeUndefined();
    jest.restoreAllMocks();
  });

  it('is restored with its result when the store loses the room before the answer to the last append', async () => {
    const room = await hosts.open(first);
    const { appendAll } = first.roomLog;
    const emptied = jest.spyOn(first.roomLog, 'appendAll').mockImplementationOnce(async (appends) => {
      await appendAll.call(first.roomLog, appends);
      await hosts.redis.commands.del(...keysOf(room.id));
      return appends.map(() => 'unknown');
    });
    room.handle({ kind: 'end', result: { reason: 'finished' } });
    first.appender.markDirty(room);
    await until(async () => emptied.mock.calls.length > 1);
    await until(async () => (await hosts.records.read(room.id))?.result?.reason === 'finished');
    // The store has the end of the game before the owner receives the reply, so the test waits until the owner drops the room.
    await until(() => first.rooms.get(room.id) === undefined);
    jest.restoreAllMocks();
  });

  it('is stored as ended only after the store is settled', async () => {
    const [room, other] = [await hosts.open(first), await hosts.open(first)];
    first.settlement.isSettled = false;
    await first.does(room, 0, 'add');
    const during = await hosts.record(room.id);
    expect(during).toMatchObject({ version: 1, status: 'playing' });
    room.handle({ kind: 'end', result: { reason: 'finished' } });
    first.appender.markDirty(room);
    // The owner writes all due appends together. So if the end of the game did not wait, the store would have it after the first of these
    // two commands.
    await first.does(other, 0, 'add');
    await first.does(other, 0, 'add');
    expect(await hosts.record(room.id)).toEqual(during);
    expect(first.rooms.get(room.id)).toBe(room);
    first.settlement.settle();
    await until(async () => first.rooms.get(room.id) === undefined);
    expect(await hosts.record(room.id)).toMatchObject({ status: 'waiting', round: 1, rev: during.rev + 1 });
  });

  describe.each([
    ['and a gateway restored the record with the end', (epoch: number) => epoch],
    ['and a gateway restored the record with the end and an earlier epoch', () => 0],
  ])('when the store lost its latest data during the last append, %s,', (_, epochOf) => {
    it('has its effects and its epilogue after its owner has repeated the append', async () => {
      const ran: unknown[] = [];
      const paying = hosts.add('paying', {}, new Map([['pay', (run) => void ran.push((run as unknown as { data: unknown }).data)]]));
      const room = await hosts.open(paying);
      const peer = paying.attach(room, 0, 1, 0);
      const key = `hf:room:{${room.id}}`;
      const outbox = [{ key: 'k', name: 'pay', data: 5 }] as unknown as typeof room.value.outbox;
      const { appendAll } = paying.roomLog;
      // The store accepts the end of the game and then loses it. A gateway restores the record, but not the end.
      jest.spyOn(paying.roomLog, 'appendAll').mockImplementationOnce(async (appends) => {
        await appendAll.call(paying.roomLog, appends);
        await hosts.redis.commands.del(`${key}:effects`, `${key}:epilogue`);
        await hosts.redis.commands.hset(key, { batch: '', epoch: epochOf(room.tenure.epoch) });
        return appends.map(() => 'unknown');
      });
      room.handle({ kind: 'end', result: { reason: 'finished' } });
      room.value = { ...room.value, outbox };
      paying.appender.markDirty(room);
      await until(async () => paying.rooms.get(room.id) === undefined);
      expect(peer.detached).toEqual([expect.objectContaining({ reason: 'ended' })]);
      await until(async () => ran.length > 0);
      expect(ran).toEqual([5]);
      expect(await paying.endedStore.epilogue(room.id)).toMatchObject({ epoch: room.tenure.epoch, round: 0 });
      expect(await hosts.record(room.id)).toMatchObject({ status: 'waiting', round: 1, rev: room.rev + 1, epoch: room.tenure.epoch });
      expect(paying.ended.resultOf(room.id, room.tenure.epoch)).toEqual({ reason: 'finished' });
    });
  });

  it('has the result of the server that ended the game first', async () => {
    const room = await hosts.open(first);
    const { room: _, ...tenure } = await hosts.tenure(room.id);
    await first.roomLog.abandon(room.id, tenure, { reason: 'orphaned' });
    room.handle({ kind: 'end', result: { reason: 'finished' } });
    first.appender.markDirty(room);
    await until(async () => first.rooms.get(room.id) === undefined);
    expect(first.ended.resultOf(room.id, room.tenure.epoch)).toBeNull();
    expect(await hosts.record(room.id)).toMatchObject({ status: 'waiting', round: 1, result: { reason: 'orphaned' } });
  });

  it('is ended again by its last owner when the store lost the end of the game', async () => {
    const { room, back, over } = await ended();
    await back();
    expect(await hosts.record(room.id)).toMatchObject({ status: 'playing' });
    await first.auditor.audit('test');
    expect(await hosts.record(room.id)).toMatchObject({ ...over, since: expect.any(Number) });
    expect(first.rooms.get(room.id)).toBeUndefined();
  });

  it('is not restored by its last owner before a gateway has restored the room record', async () => {
    const { room } = await ended();
    await hosts.redis.commands.del(...keysOf(room.id));
    await first.auditor.audit('test');
    expect(await hosts.records.read(room.id)).toBeNull();
  });

  it('is ended again, and not adopted, by its last owner when the store lost the end of the game', async () => {
    const { room, back } = await ended();
    await back();
    expect(await first.loader.adopt([await hosts.tenure(room.id)])).toEqual([{ result: 'elsewhere' }]);
    expect(await hosts.record(room.id)).toMatchObject({ status: 'waiting', round: 1, result: { reason: 'finished' } });
  });
});

describe('a store that owners compare with their rooms', () => {
  it('gets no adoption before all living owners have finished their audits', async () => {
    const room = await hosts.open(first);
    const tenure = await hosts.tenure(room.id);
    const third = hosts.add('third');
    expect(await second.auditor.isStoreAudited()).toBe(false);
    expect(await second.loader.adopt([tenure])).toEqual([{ result: 'failed', code: 'unavailable' }]);
    await third.auditor.audit('test');
    expect(await second.auditor.isStoreAudited()).toBe(true);
    expect(await second.loader.adopt([tenure])).toMatchObject([{ result: 'adopted' }]);
  });

  it('does not count as audited while an owner has no audit mark or a mark of a different generation', async () => {
    expect(await first.auditor.isStoreAudited()).toBe(true);
    await hosts.redis.appends.hdel('hf:audited', `${second.self.id}:${second.self.incarnation}`);
    expect(await first.auditor.isStoreAudited()).toBe(false);
    await second.auditor.audit('test');
    expect(await first.auditor.isStoreAudited()).toBe(true);
    await hosts.redis.appends.hset('hf:audited', `${second.self.id}:${second.self.incarnation}`, 'another run');
    expect(await first.auditor.isStoreAudited()).toBe(false);
  });

  it('counts as audited even when a server for which the settlement no longer waits has no audit mark', async () => {
    const third = hosts.add('third');
    expect(await second.auditor.isStoreAudited()).toBe(false);
    second.settlement.givenUp.add(third.self.id);
    expect(await second.auditor.isStoreAudited()).toBe(true);
  });

  it('counts as audited even when a server that has left the fleet has no audit mark', async () => {
    const third = hosts.add('third');
    expect(await second.auditor.isStoreAudited()).toBe(false);
    third.isListed = false;
    expect(await second.auditor.isStoreAudited()).toBe(true);
  });
});
