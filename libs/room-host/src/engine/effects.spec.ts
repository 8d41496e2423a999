import { unpackCheckpoint } from '#libs/room-store';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

interface Purse {
  left: number;
}

/** The payments that another system has received, by key. That system ignores a key that it has received before. */
type Paid = Map<string, unknown>;

/** Servers with a game that makes payments by effects. Checkpoints are written so rarely that only an effect causes one. */
class Bank extends Hosts {
  readonly paid: Paid = new Map();
  readonly runs: { key: string; data: unknown; storedVersion: number }[] = [];

  constructor(durability: 'every-change' | 'checkpoint' | 'none') {
    const rules = rulesOf<Purse>(`bank-${durability}`, () => ({ left: 1_000 }), {
      commands: new Map([
        [
          'pay',
          {
            validate: (value: unknown) => ({ ok: true, value }),
            run: (room, to) => {
              room.state.left -= 1;
              room.effect('pay', to);
            },
          },
        ],
        [
          'touch',
          {
            validate: (value: unknown) => ({ ok: true, value }),
            run: (room) => {
              room.state.left += 0.5;
            },
          },
        ],
      ]),
    });
    super({ ...rules, definition: { ...rules.definition, durability, checkpointMs: 3_600_000 } } as never);
  }

  newServer(name: string): Host {
    const pay = async (effect: unknown): Promise<void> => {
      const { key, data, roomId } = effect as { key: string; data: unknown; roomId: string };
      const stored = await this.redis.commands.getBuffer(`hf:room:{${roomId}}:checkpoint`);
      this.runs.push({ key, data, storedVersion: stored ? unpackCheckpoint(stored).value.version : -1 });
      if (!this.paid.has(key)) this.paid.set(key, data);
    };
    return this.add(name, {}, new Map([['pay', pay]]));
  }

  /** Stops the server as `kill -9` would do, and lets another server adopt the room. */
  async lose(owner: Host, room: HostedRoom): Promise<{ owner: Host; room: HostedRoom }> {
    const tenure = await this.tenure(room.id);
    owner.stop();
    const next = this.newServer('next');
    await next.auditor.audit('test');
    expect(await next.loader.adopt([tenure])).toMatchObject([{ result: 'adopted' }]);
    return { owner: next, room: next.rooms.get(room.id) as HostedRoom };
  }
}

const banks: Bank[] = [];
async function newBank(durability: ConstructorParameters<typeof Bank>[0]): Promise<Bank> {
  const bank = new Bank(durability);
  banks.push(bank);
  await bank.ready();
  return bank;
}
afterAll(async () => {
  for (const bank of banks) await bank.close();
});

describe('an effect of a game of durability `checkpoint`', () => {
  it('runs only after a checkpoint that contains its change has been stored', async () => {
    const bank = await newBank('checkpoint');
    const owner = bank.newServer('first');
    const [room, other] = [await bank.open(owner), await bank.open(owner)];
    let letGo: () => void = () => {};
    owner.roomLog.beforeCheckpoint = (id) => (id === room.id ? new Promise((resolve) => (letGo = resolve)) : undefined);
    await owner.does(room, 0, 'touch');
    await owner.does(room, 0, 'pay', 'ann');
    // The owner runs effects in the order of their changes. Without the wait for a checkpoint, the effect of the first room would run
    // before this effect.
    await owner.does(other, 0, 'pay', 'bob');
    await until(() => bank.runs.length > 0);
    expect(bank.runs).toEqual([{ key: expect.any(String), data: 'bob', storedVersion: 1 }]);
    letGo();
    await until(() => bank.runs.length === 2);
    expect(bank.runs[1]).toEqual({ key: expect.any(String), data: 'ann', storedVersion: 2 });
  });

  it('does not run when its server is lost before the checkpoint', async () => {
    const bank = await newBank('checkpoint');
    const first = bank.newServer('first');
    const opened = await bank.open(first);
    await first.does(opened, 0, 'pay', 'ann');
    await until(() => bank.paid.size === 1 && !opened.hasUnstoredEffects);
    let isStarted = false;
    first.roomLog.beforeCheckpoint = () => {
      isStarted = true;
      return new Promise(() => {});
    };
    await first.does(opened, 0, 'pay', 'lost');
    await until(() => isStarted);
    const { owner, room } = await bank.lose(first, opened);
    expect((room.value.state as Purse).left).toBe(999);
    await owner.does(room, 0, 'pay', 'bob');
    await until(() => bank.paid.size === 2);
    expect([...bank.paid.values()]).toEqual(['ann', 'bob']);
    expect((room.value.state as Purse).left).toBe(998);
  });

  it('runs after the checkpoint even when the first two writes of the checkpoint fail', async () => {
    const bank = await newBank('checkpoint');
    const owner = bank.newServer('first');
    const room = await bank.open(owner);
    let tries = 0;
    const store = owner.roomLog.checkpoint.bind(owner.roomLog);
    owner.roomLog.checkpoint = async (...args) => (++tries < 3 ? 'unknown' : store(...args));
    await owner.does(room, 0, 'pay', 'ann');
    await until(() => bank.paid.size === 1);
    expect(tries).toBeGreaterThanOrEqual(3);
  });
});

describe.each(['every-change', 'checkpoint'] as const)('the key of an effect, with durability %s,', (durability) => {
  it('is not used again after the store lost changes and the server crashed', async () => {
    const bank = await newBank(durability);
    const first = bank.newServer('first');
    const opened = await bank.open(first);
    const keys = ['', ':log', ':checkpoint'].map((part) => `hf:room:{${opened.id}}${part}`);
    const before = await Promise.all(keys.map((key) => bank.redis.commands.dumpBuffer(key)));
    await first.does(opened, 0, 'pay', 'ann');
    await until(() => bank.paid.size === 1);
    // Simulates a store that loses the changes since `before` while the only server with these changes dies.
    const tenure = await bank.tenure(opened.id);
    first.stop();
    await bank.redis.commands.del(...keys);
    for (const [at, dump] of before.entries()) if (dump) await bank.redis.commands.restore(keys[at], 0, dump);
    const { owner, room } = await bank.lose(first, opened);
    expect(room.tenure.epoch).toBeGreaterThan(tenure.epoch);
    await owner.does(room, 0, 'pay', 'bob');
    await until(() => bank.runs.length >= 2);
    expect([...bank.paid.values()]).toEqual(['ann', 'bob']);
  });

  it('stays the same when the server is lost during the run and the next server runs the effect again', async () => {
    const bank = await newBank(durability);
    const first = bank.add('first', {}, new Map([['pay', (effect) => bank.runs.push(effect as never) && new Promise(() => {})]]));
    const opened = await bank.open(first);
    await first.does(opened, 0, 'pay', 'ann');
    await until(() => bank.runs.length === 1);
    await bank.lose(first, opened);
    await until(() => bank.runs.length === 2);
    expect(bank.runs[1].key).toBe(bank.runs[0].key);
  });
});
