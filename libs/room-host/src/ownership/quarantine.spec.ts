import type { RoomId } from '#libs/protocol';
import { type SuspectInput, SuspectMarks } from '#libs/room-store';
import { COUNTING, rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import { Hosts } from '../hosts.fixture.js';

const hosts = new Hosts(COUNTING);
const marks = new SuspectMarks(hosts.redis.commands);

beforeAll(() => hosts.ready());
afterAll(() => hosts.close());

/**
 * Lets `times` owners of a room die one after another, each while it handles `input`. Returns the room, and the server that adopted it
 * last.
 */
async function lostTo(input: SuspectInput, times = 1) {
  const first = hosts.add('lost');
  let room = await hosts.open(first);
  await first.does(room, 0, 'add');
  let owner = first;
  for (let time = 0; time < times; time++) {
    const tenure = await hosts.tenure(room.id);
    await marks.mark(tenure, { ...input, seq: input.seq && input.seq + time });
    owner.stop();
    owner = hosts.add('next');
    await owner.auditor.audit('test');
    const [answer] = await owner.loader.adopt([tenure]);
    expect(answer.result).toBe('adopted');
    const taken = owner.rooms.get(room.id);
    if (!taken) break;
    room = taken;
  }
  return { owner, room };
}

describe('a room whose owner crashed on an input', () => {
  it('refuses only the command that caused the crash', async () => {
    const { owner, room } = await lostTo({ handler: 'command add', seat: 0, seq: 3 });
    expect(room.judgeSeq(0, 2, 1)).toEqual({ kind: 'next' });
    await owner.does(room, 0, 'add');
    expect(room.judgeSeq(0, 3, 2)).toEqual({ kind: 'poisoned' });
    room.noteSeq(0, 3);
    room.noteRefusal(0, 3, 'game-failed');
    expect(room.judgeSeq(0, 3, 2)).toEqual({ kind: 'refused-before', code: 'game-failed' });
    expect(room.judgeSeq(0, 4, 3)).toEqual({ kind: 'next' });
    expect(room.judgeSeq(1, 1, 0)).toEqual({ kind: 'next' });
  });

  it.each(['timer turn', 'step', 'seat left', 'view', 'paused', 'migrateState', 'detached'])(
    'ends its game when the input was `%s`',
    async (handler) => {
      const { room } = await lostTo({ handler, seat: -1, seq: 0 });
      await ended(room.id);
      expect((await hosts.record(room.id)).result).toMatchObject({ reason: 'game-failed', message: expect.stringContaining(handler) });
    },
  );

  it('ends its game when a second command crashes the next owner', async () => {
    const { room } = await lostTo({ handler: 'command add', seat: 0, seq: 2 }, 2);
    await ended(room.id);
    expect((await hosts.record(room.id)).result).toMatchObject({ reason: 'game-failed' });
  });

  it('does not repeat the effect that caused the crash', async () => {
    const ran: string[] = [];
    const rules = rulesOf<{ paid: number }>('paying', () => ({ paid: 0 }), {
      commands: new Map([['pay', { validate: () => ({ ok: true, value: null }), run: (room) => room.effect('pay') }]]),
    });
    const paying = new Hosts(rules as never);
    await paying.ready();
    const first = paying.add('lost', {}, new Map([['pay', () => new Promise(() => {})]]));
    const room = await paying.open(first);
    await first.does(room, 0, 'pay');
    const [{ key }] = room.runnableEffects;
    const tenure = await paying.tenure(room.id);
    await marks.mark(tenure, { handler: 'effect pay', seat: -1, seq: 0, effect: key });
    first.stop();
    const next = paying.add('next', {}, new Map([['pay', (effect) => ran.push((effect as unknown as { key: string }).key)]]));
    await next.auditor.audit('test');
    await next.loader.adopt([tenure]);
    const taken = next.rooms.get(room.id);
    if (!taken) throw new Error('not taken');
    await next.does(taken, 0, 'pay');
    await until(() => ran.length > 0);
    expect(ran).toEqual([expect.not.stringMatching(key)]);
    expect(taken.value.outbox.map((effect) => effect.key)).not.toContain(key);
    await paying.close();
  });
});

describe('an effect that is running when its game ends', () => {
  it('is not started a second time', async () => {
    let finish: () => void = () => {};
    const ran: string[] = [];
    const rules = rulesOf<{ paid: number }>('paying', () => ({ paid: 0 }), {
      commands: new Map([
        ['pay', { validate: () => ({ ok: true, value: null }), run: (room) => room.effect('pay') }],
        ['stop', { validate: () => ({ ok: true, value: null }), run: (room) => room.end() }],
      ]),
    });
    const paying = new Hosts(rules as never);
    await paying.ready();
    const pay = (effect: unknown): Promise<void> => {
      ran.push((effect as { key: string }).key);
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    const host = paying.add('host', {}, new Map([['pay', pay as never]]));
    const room = await paying.open(host);
    await host.does(room, 0, 'pay');
    await until(() => ran.length === 1);
    await host.does(room, 0, 'stop');
    await until(async () => (await paying.record(room.id)).status === 'waiting');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(ran).toHaveLength(1);
    finish();
    await until(async () => !(await host.endedStore.hasLastEffects(room.id)));
    expect(ran).toHaveLength(1);
    await paying.close();
  });
});

async function ended(room: RoomId): Promise<void> {
  await until(async () => (await hosts.record(room)).status === 'waiting');
}
