import { COUNTING } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

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

const add = { kind: 'command', seat: 0, name: 'add', data: null } as const;

describe('a room that migrates', () => {
  it('continues on its target with all changes, including unstored changes', async () => {
    const room = await hosts.open(first);
    const peer = first.attach(room, 0, 1, null);
    for (let seq = 1; seq <= 3; seq++) first.engine.input(room, { ...add, seq });
    expect(await first.migrator.migrate(room.id)).toBe(second.self.id);
    expect(first.rooms.get(room.id)).toBeUndefined();
    expect(peer.detached).toMatchObject([{ reason: 'moved' }]);
    const moved = second.rooms.get(room.id);
    expect(moved?.value).toMatchObject({ version: 3, state: { count: 3 } });
    expect(await hosts.tenure(room.id)).toMatchObject({ server: second.self.id, epoch: moved?.tenure.epoch });
    expect(await hosts.records.roomsOf(first.self.id, first.self.incarnation)).not.toContain(room.id);
    if (moved) await second.does(moved, 0, 'add');
    expect((await hosts.record(room.id)).version).toBe(4);
    expect(await reportedMoves(first)).toEqual({ counted: 1, published: [second.self.id] });
  });

  it('stays on its source when no newer server can upgrade its state', async () => {
    second.isListed = false;
    const { definition } = COUNTING;
    const newer = hosts.add('newer', {}, undefined, { ...COUNTING, definition: { ...definition, version: 2 } });
    await newer.auditor.audit('test');
    const room = await hosts.open(first);
    const sentence = new RegExp(`version 1 of count: ${newer.self.id} has version 2\\. Add migrateState`);
    await expect(first.migrator.migrate(room.id)).rejects.toMatchObject({ code: 'no-capacity', message: expect.stringMatching(sentence) });
    await expect(first.migrator.migrate(room.id, newer.self.id)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(sentence),
    });
    expect(await first.migrator.drain(50, 'drained')).toEqual({ moved: 0, left: 1 });
    expect(newer.loadRequests).toBe(0);
    await first.does(room, 0, 'add');
    expect(await hosts.tenure(room.id)).toMatchObject({ server: first.self.id });
  });

  it('is upgraded to the newer game version of its target', async () => {
    second.isListed = false;
    const rules = { ...COUNTING, definition: { ...COUNTING.definition, version: 2 }, migrateState: () => ({ count: 70 }) as never };
    const newer = hosts.add('newer', {}, undefined, rules);
    await newer.auditor.audit('test');
    const room = await hosts.open(first);
    expect(await first.migrator.migrate(room.id)).toBe(newer.self.id);
    expect(newer.rooms.get(room.id)?.value).toMatchObject({ gameVersion: 2, state: { count: 70 } });
  });

  it('refuses inputs on the source until the target has loaded the room', async () => {
    const room = await hosts.open(first);
    second.loadAnswers = 'nothing';
    const moving = first.migrator.migrate(room.id);
    await until(() => room.status === 'lame');
    expect(first.engine.input(room, { ...add, seq: 1 })).toEqual({ kind: 'refused', code: 'moved' });
    await until(() => second.loadRequests > 1);
    expect(first.rooms.get(room.id)).toBe(room);
    second.loadAnswers = 'as it is';
    await moving;
    expect(second.rooms.get(room.id)?.value.version).toBe(0);
  });

  it('is handed off only once when the answers to the first two handoff writes are lost', async () => {
    const room = await hosts.open(first);
    first.roomLog.handoffAnswersToLose = 2;
    await first.migrator.migrate(room.id);
    expect(second.rooms.get(room.id)?.tenure.epoch).toBe((await hosts.record(room.id)).epoch);
    expect(first.rooms.get(room.id)).toBeUndefined();
  });

  it('stays on the source until the target has loaded the room, even when a late audit or checkpoint is refused', async () => {
    const busy = hosts.add('busy', { checkpointEveryChanges: 1 });
    await busy.auditor.audit('test');
    const room = await hosts.open(busy);
    const { readTenures, checkpoint } = busy.roomLog;
    const isLame = () => until(() => room.status === 'lame');
    const late: Promise<unknown>[] = [];
    jest.spyOn(busy.roomLog, 'checkpoint').mockImplementation(async (...args) => {
      const writing = isLame().then(() => checkpoint.call(busy.roomLog, ...args));
      late.push(writing);
      return writing;
    });
    jest.spyOn(busy.roomLog, 'readTenures').mockImplementation(async (ids) => {
      await isLame();
      return readTenures.call(busy.roomLog, ids);
    });
    second.loadAnswers = 'nothing';
    await busy.does(room, 0, 'add');
    busy.roomLog.beforeHandoff = () => void late.push(busy.auditor.audit('test'));
    const moving = busy.migrator.migrate(room.id, second.self.id);
    await isLame();
    expect(await Promise.all(late)).toEqual(['fenced', undefined]);
    expect(busy.rooms.get(room.id)).toBe(room);
    second.loadAnswers = 'as it is';
    await moving;
    expect(second.rooms.get(room.id)?.value.version).toBe(1);
    expect(busy.rooms.get(room.id)).toBeUndefined();
  });

  it.each([
    ['its last changes and the handoff', (room: string) => hosts.redis.commands.hset(`hf:room:{${room}}`, 'version', 1, 'batch', 'old')],
    ['the whole room', (room: string) => hosts.redis.commands.del(...['', ':checkpoint'].map((part) => `hf:room:{${room}}${part}`))],
  ])('is handed off again with all changes when the store lost %s', async (_, lose) => {
    const room = await hosts.open(first);
    for (let seq = 1; seq <= 3; seq++) await first.does(room, 0, 'add');
    const { epoch } = await hosts.record(room.id);
    second.loadAnswers = 'nothing';
    const moving = first.migrator.migrate(room.id, second.self.id);
    await until(() => room.status === 'lame');
    const [server, incarnation] = [first.self.id, first.self.incarnation];
    await hosts.redis.commands.hset(`hf:room:{${room.id}}`, { epoch, owner: server, incarnation });
    await hosts.redis.commands.del(`hf:room:{${room.id}}:log`);
    await lose(room.id);
    second.loadAnswers = 'as it is';
    await moving;
    expect(second.rooms.get(room.id)?.value).toMatchObject({ version: 3, state: { count: 3 } });
    expect(first.rooms.get(room.id)).toBeUndefined();
    expect(await hosts.tenure(room.id)).toMatchObject({ server: second.self.id });
  });

  it('is dropped by its source when the game ends on the target before the answer of the target arrives', async () => {
    const room = await hosts.open(first);
    second.loadAnswers = 'nothing';
    const moving = first.migrator.migrate(room.id, second.self.id);
    await until(() => room.status === 'lame');
    await second.loader.load([await hosts.tenure(room.id)]);
    second.engine.input(second.rooms.get(room.id) as HostedRoom, { kind: 'end', result: { reason: 'operator' } });
    await until(() => second.rooms.get(room.id) === undefined);
    await hosts.records.close(await hosts.record(room.id), 'empty');
    second.loadAnswers = 'as it is';
    await expect(moving).rejects.toMatchObject({ code: 'game-ended' });
    expect(first.rooms.get(room.id)).toBeUndefined();
    expect(await hosts.records.read(room.id)).toBeNull();
  });

  it('is in the index of the source after the source has adopted the room again', async () => {
    const room = await hosts.open(first);
    second.loadAnswers = 'never';
    const moving = first.migrator.migrate(room.id, second.self.id);
    await until(() => second.loadRequests > 0);
    second.stop();
    expect(await first.loader.adopt([await hosts.tenure(room.id)])).toMatchObject([{ result: 'adopted' }]);
    second.giveUp();
    await expect(moving).rejects.toMatchObject({ code: 'server-lost', message: expect.stringContaining('back on') });
    expect(await reportedMoves(first)).toEqual({ counted: 0, published: [] });
    expect(first.rooms.get(room.id)?.status).toBe('active');
    expect(await hosts.records.roomsOf(first.self.id, first.self.incarnation)).toContain(room.id);
  });

  it('needs a recovery when its target is lost before the load, and the migration fails with `server-lost`', async () => {
    const room = await hosts.open(first);
    second.loadAnswers = 'never';
    const moving = first.migrator.migrate(room.id, second.self.id);
    await until(() => second.loadRequests > 0);
    second.stop();
    second.giveUp();
    await expect(moving).rejects.toMatchObject({ code: 'server-lost', message: expect.stringContaining('being recovered') });
    expect(await reportedMoves(first)).toEqual({ counted: 0, published: [] });
  });

  it('stays on its source when no server can take the room', async () => {
    const room = await hosts.open(first);
    second.isListed = false;
    await expect(first.migrator.migrate(room.id)).rejects.toMatchObject({ code: 'no-capacity' });
    await expect(first.migrator.migrate(room.id, second.self.id)).rejects.toMatchObject({ code: 'not-found' });
    await first.does(room, 0, 'add');
    expect((await hosts.record(room.id)).version).toBe(1);
  });

  it('is dropped by its source when a third server adopts the room before the handoff', async () => {
    const room = await hosts.open(first);
    const third = hosts.add('third');
    await third.auditor.audit('test');
    first.roomLog.beforeHandoff = async () => {
      first.roomLog.beforeHandoff = () => {};
      expect(await third.loader.adopt([await hosts.tenure(room.id)])).toMatchObject([{ result: 'adopted' }]);
    };
    await expect(first.migrator.migrate(room.id, second.self.id)).rejects.toMatchObject({ code: 'moved' });
    expect(await reportedMoves(first)).toEqual({ counted: 0, published: [] });
    expect(first.rooms.get(room.id)).toBeUndefined();
    expect(second.rooms.get(room.id)).toBeUndefined();
    expect(await hosts.tenure(room.id)).toMatchObject({ server: third.self.id });
  });

  it('stays on its source when its game ends before the handoff', async () => {
    const room = await hosts.open(first);
    const { noteOwner } = hosts.records;
    // Ends the game just before the freeze, so that the append of the end is still running during the freeze.
    const noting = jest.spyOn(hosts.records, 'noteOwner').mockImplementation(async (...args) => {
      await noteOwner.call(hosts.records, ...args);
      first.engine.input(room, { kind: 'end', result: { reason: 'operator' } });
    });
    const moving = first.migrator.migrate(room.id, second.self.id).finally(() => noting.mockRestore());
    await expect(moving).rejects.toMatchObject({ code: 'game-ended' });
    expect(await reportedMoves(first)).toEqual({ counted: 0, published: [] });
    expect(second.rooms.get(room.id)).toBeUndefined();
  });

  it('migrates only once when two migrations are requested at the same time', async () => {
    const room = await hosts.open(first);
    const [one, other] = await Promise.allSettled([first.migrator.migrate(room.id), first.migrator.migrate(room.id)]);
    expect([one.status, other.status].sort()).toEqual(['fulfilled', 'rejected']);
    expect(second.rooms.get(room.id)).toBeDefined();
  });
});

describe('the drain of a game server', () => {
  it('migrates all rooms of the server', async () => {
    const rooms = await Promise.all([1, 2, 3].map(() => hosts.open(first)));
    expect(await first.migrator.drain(5_000, 'drained')).toEqual({ moved: 3, left: 0 });
    for (const { id } of rooms) expect(second.rooms.get(id)).toBeDefined();
    await expect(hosts.open(first)).rejects.toMatchObject({ code: 'no-capacity' });
  });

  it('waits up to its time limit for a server that can take the rooms', async () => {
    const room = await hosts.open(first);
    second.isListed = false;
    expect(await first.migrator.drain(100, 'drained')).toEqual({ moved: 0, left: 1 });
    await first.does(room, 0, 'add');
    const draining = first.migrator.drain(5_000, 'drained');
    second.isListed = true;
    expect(await draining).toEqual({ moved: 1, left: 0 });
  });
});

/** Returns the number of migrations that the metric counts, and the targets that the operator events name. */
async function reportedMoves({ metrics, operatorEvents }: Host): Promise<{ counted: number; published: unknown[] }> {
  const { values } = await metrics.roomsMigrated.get();
  return {
    counted: values.reduce((sum, { value }) => sum + value, 0),
    published: operatorEvents.flatMap(({ kind, server }) => (kind === 'room.moved' ? [server] : [])),
  };
}
