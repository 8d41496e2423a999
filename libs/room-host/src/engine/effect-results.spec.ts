import { HandlerRefusal, refuse } from '#libs/game-kit';
import type { EffectResult, RoomRules } from '#libs/room';
import { SuspectMarks } from '#libs/room-store';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

interface Casino {
  results: { key: string; bet: string; outcome: string }[];
}

interface Run {
  readonly key: string;
  readonly data: { bet: string };
}

const PLAIN = { validate: (value: unknown) => ({ ok: true as const, value }) };

function casino(durability: 'every-change' | 'checkpoint' | 'none', timeoutMs = 10_000): RoomRules<Casino> {
  const rules = rulesOf<Casino>(`casino-${durability}`, () => ({ results: [] }), {
    commands: new Map([
      ['bet', { ...PLAIN, run: (room, bet) => room.effect('charge', { bet }) }],
      [
        'bet-and-end',
        {
          ...PLAIN,
          run: (room, bet) => {
            room.effect('charge', { bet });
            room.end();
          },
        },
      ],
    ]),
    results: new Map([
      [
        'charge',
        {
          timeoutMs,
          attempts: 2,
          run: (room, result: EffectResult) => {
            const { bet } = result.request as { bet: string };
            if (bet === 'faulty') throw new Error('the game is wrong');
            room.state.results.push({ key: result.key, bet, outcome: result.ok ? String(result.data) : result.code });
          },
        },
      ],
    ]),
  });
  return { ...rules, definition: { ...rules.definition, durability, checkpointMs: 3_600_000, hasResults: true } };
}

/** Game servers for a game that waits for the results of its effects. */
class Casinos extends Hosts {
  readonly runs: Run[] = [];

  constructor(durability: Parameters<typeof casino>[0], timeoutMs?: number) {
    super(casino(durability, timeoutMs) as never);
  }

  server(name: string, charge: (run: Run) => unknown = ({ data }) => `paid ${data.bet}`): Host {
    const noted = (effect: unknown): unknown => {
      this.runs.push(effect as Run);
      return charge(effect as Run);
    };
    return this.add(name, {}, new Map([['charge', noted]]));
  }

  /** Stops the server as `kill -9` would do, and lets another server adopt the room. */
  async lose(owner: Host, room: HostedRoom, next: Host): Promise<HostedRoom> {
    const tenure = await this.tenure(room.id);
    owner.stop();
    await next.auditor.audit('test');
    expect(await next.loader.adopt([tenure])).toMatchObject([{ result: 'adopted' }]);
    return next.rooms.get(room.id) as HostedRoom;
  }
}

const all: Casinos[] = [];
async function newCasinos(...args: ConstructorParameters<typeof Casinos>): Promise<Casinos> {
  const casinos = new Casinos(...args);
  all.push(casinos);
  await casinos.ready();
  return casinos;
}
afterAll(async () => {
  for (const casinos of all) await casinos.close();
});

function resultsOf(room: HostedRoom): Casino['results'] {
  return (room.durable.state as Casino).results;
}

const dropped = async (host: Host): Promise<string> =>
  (await host.metrics.registry.metrics()).split('\n').find((line) => /results_dropped_total\{/.test(line)) ?? '';

describe.each(['every-change', 'checkpoint', 'none'] as const)('the result of an effect, with durability %s,', (durability) => {
  it('reaches the game once', async () => {
    const casinos = await newCasinos(durability);
    const host = casinos.server('one');
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'a');
    await until(() => resultsOf(room).length === 1);
    expect(resultsOf(room)).toEqual([{ key: casinos.runs[0]!.key, bet: 'a', outcome: 'paid a' }]);
    expect(room.durable.outbox).toEqual([]);
    expect(room.durable.timers).toEqual({});
  });

  it('is a refusal when the handler refuses, and the handler does not run again', async () => {
    const casinos = await newCasinos(durability);
    const host = casinos.server('one', () => {
      throw refuse('no-money', 'The wallet is empty.');
    });
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'a');
    await until(() => resultsOf(room).length === 1);
    expect(resultsOf(room)[0]!.outcome).toBe('no-money');
    expect(casinos.runs).toHaveLength(1);
    expect(new HandlerRefusal('no-money', '').code).toBe('no-money');
  });

  it('has the code `effect-failed` when each attempt of the handler throws', async () => {
    const casinos = await newCasinos(durability);
    const host = casinos.server('one', () => {
      throw new Error('the wallet is closed');
    });
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'a');
    await until(() => resultsOf(room).length === 1);
    expect(resultsOf(room)[0]!.outcome).toBe('effect-failed');
    expect(casinos.runs.map(({ key }) => key)).toEqual([casinos.runs[0]!.key, casinos.runs[0]!.key]);
  });

  it('has the code `timed-out` when the handler takes too long', async () => {
    const casinos = await newCasinos(durability, 100);
    let settle: (result: string) => void = () => {};
    const host = casinos.server('one', () => new Promise((resolve) => (settle = resolve)));
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'a');
    await until(() => resultsOf(room).length === 1);
    expect(resultsOf(room)[0]!.outcome).toBe('timed-out');
    settle('late');
    await until(async () => (await dropped(host)).endsWith(' 1'));
    expect(await dropped(host)).toContain('reason="late"');
    expect(resultsOf(room)).toHaveLength(1);
  });

  it('is dropped when the game has ended', async () => {
    const casinos = await newCasinos(durability);
    const host = casinos.server('one');
    const room = await casinos.open(host);
    host.engine.input(room, { kind: 'command', seat: 0, seq: 1, name: 'bet-and-end', data: 'a' });
    await until(async () => (await dropped(host)).endsWith(' 1'));
    expect(await dropped(host)).toContain('reason="ended"');
    expect(casinos.runs).toHaveLength(1);
  });

  it("leads to the end of the game when the game's handler for the result fails", async () => {
    const casinos = await newCasinos(durability);
    const host = casinos.server('one');
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'faulty');
    await until(() => room.status === 'dropped');
    expect(room.value.ended).toMatchObject({ reason: 'game-failed' });
    expect(room.durable.outbox).toEqual([]);
    expect(casinos.runs).toHaveLength(1);
  });
});

describe.each(['every-change', 'checkpoint'] as const)('an effect whose result the game awaits, with durability %s,', (durability) => {
  it('runs again under an unchanged key on the next server when its server dies', async () => {
    const casinos = await newCasinos(durability);
    const first = casinos.server('first', () => new Promise(() => {}));
    const room = await casinos.open(first);
    await first.does(room, 0, 'bet', 'a');
    await until(() => casinos.runs.length === 1);
    const next = await casinos.lose(first, room, casinos.server('next'));
    await until(() => resultsOf(next).length === 1);
    expect(resultsOf(next)).toEqual([{ key: casinos.runs[0]!.key, bet: 'a', outcome: 'paid a' }]);
    expect(casinos.runs.map(({ key }) => key)).toEqual([casinos.runs[0]!.key, casinos.runs[0]!.key]);
  });

  it('gives the game only one result when a suspended owner continues after the adoption of the room', async () => {
    const casinos = await newCasinos(durability);
    let settle: (result: string) => void = () => {};
    const first = casinos.server('first', () => new Promise((resolve) => (settle = resolve)));
    const room = await casinos.open(first);
    await first.does(room, 0, 'bet', 'a');
    await until(() => casinos.runs.length === 1);
    const second = casinos.server('second');
    first.isListed = false;
    await second.auditor.audit('test');
    expect(await second.loader.adopt([await casinos.tenure(room.id)])).toMatchObject([{ result: 'adopted' }]);
    const adopted = second.rooms.get(room.id) as HostedRoom;
    settle('of the zombie');
    await until(() => resultsOf(adopted).length === 1);
    await first.appender.whenSettled(room);
    expect(resultsOf(adopted)).toEqual([{ key: casinos.runs[0]!.key, bet: 'a', outcome: 'paid a' }]);
    const next = await casinos.lose(second, adopted, casinos.server('third'));
    expect(resultsOf(next).filter(({ outcome }) => outcome !== 'paid a')).toEqual([]);
  });

  it('prevents a migration of its room to a server that does not support results', async () => {
    const casinos = await newCasinos(durability);
    const host = casinos.server('one', () => new Promise(() => {}));
    const room = await casinos.open(host);
    const format = (): Promise<string | null> => casinos.redis.commands.hget(`hf:room:{${room.id}}`, 'format');
    expect(await format()).toBe('3');
    await host.does(room, 0, 'bet', 'a');
    casinos.server('old').isOfEarlierVersion = true;
    const target = casinos.server('two');
    await host.migrator.drain(5_000, 'drained');
    await until(() => room.status === 'dropped');
    expect(target.rooms.get(room.id)).toBeDefined();
    expect(await format()).toBe('3');
  });

  it('returns its result only once when the room migrates during the effect', async () => {
    const casinos = await newCasinos(durability);
    let settle: (result: string) => void = () => {};
    const host = casinos.server('one', () => new Promise((resolve) => (settle = resolve)));
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'a');
    await until(() => casinos.runs.length === 1);
    const target = casinos.server('two');
    host.roomLog.beforeHandoff = () => settle('from the old owner');
    await host.migrator.drain(5_000, 'drained');
    await until(() => target.rooms.get(room.id) !== undefined);
    const moved = target.rooms.get(room.id) as HostedRoom;
    await until(() => resultsOf(moved).length === 1);
    expect(resultsOf(moved)).toEqual([{ key: casinos.runs[0]!.key, bet: 'a', outcome: 'paid a' }]);
  });
});

describe('an effect that crashed the server of its room', () => {
  it('is reported to the game as failed, without another run', async () => {
    const casinos = await newCasinos('every-change');
    const first = casinos.server('first', () => new Promise(() => {}));
    const room = await casinos.open(first);
    await first.does(room, 0, 'bet', 'a');
    await until(() => casinos.runs.length === 1);
    const { key } = casinos.runs[0]!;
    const marks = new SuspectMarks(casinos.redis.commands);
    await marks.mark(await casinos.tenure(room.id), { handler: 'effect charge', seat: -1, seq: 0, effect: key });
    const next = await casinos.lose(first, room, casinos.server('next'));
    await until(() => resultsOf(next).length === 1);
    expect(resultsOf(next)).toEqual([{ key, bet: 'a', outcome: 'effect-failed' }]);
    expect(next.durable.outbox).toEqual([]);
    expect(casinos.runs).toHaveLength(1);
  });
});

describe('a room that is frozen for a migration', () => {
  it('gets the result of an effect as soon as the room accepts inputs again', async () => {
    const casinos = await newCasinos('every-change');
    let settle: (result: string) => void = () => {};
    const host = casinos.server('one', () => new Promise((resolve) => (settle = resolve)));
    const room = await casinos.open(host);
    await host.does(room, 0, 'bet', 'a');
    await until(() => casinos.runs.length === 1);
    room.become('freezing');
    settle('paid late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(room.value.outbox).toHaveLength(1);
    room.become('active');
    await until(() => resultsOf(room).length === 1);
    expect(resultsOf(room)[0]!.outcome).toBe('paid late');
  });
});

describe('a game of durability `checkpoint`', () => {
  it('gets the result of an effect again when its server is lost before a checkpoint contains the result', async () => {
    const casinos = await newCasinos('checkpoint');
    const first = casinos.server('first');
    const room = await casinos.open(first);
    await first.does(room, 0, 'bet', 'a');
    await until(() => resultsOf(room).length === 1);
    const next = await casinos.lose(first, room, casinos.server('next'));
    expect(resultsOf(next)).toEqual([]);
    await until(() => resultsOf(next).length === 1);
    expect(resultsOf(next)).toEqual(resultsOf(room));
  });
});
