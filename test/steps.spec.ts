import type { Room } from '#libs/client';
import { applyPatches, type Sync } from '#libs/protocol';
import { type Fleet, type FleetServer, RawPlayer, startFleet, until } from './harness/index.js';

interface Drive {
  step: number;
  cars: { x: number; id: number }[];
}
type DriveRoom = Omit<Room, 'send'> & { send(name: string, data?: unknown): Promise<void> };

const STEP_MS = 50;
/** The maximum number of player inputs that may wait for steps in the game `drive`. */
const QUEUE = 3;
const BACKLOG_BYTES_MAX = 65_536;
const MESSAGES_BURST = 100;

/** Records all syncs that a player receives and all player inputs that this player sends. */
class Driver {
  readonly seen: { readonly at: number; readonly step: number; readonly xs: readonly number[]; readonly id: number }[] = [];
  readonly sentAt = new Map<number, number>();
  rewinds = 0;
  private readonly timer: NodeJS.Timeout;
  private id = 0;

  constructor(readonly room: DriveRoom) {
    room.on('sync', ({ state }) => {
      const { step, cars } = state as unknown as Drive;
      this.seen.push({ at: performance.now(), step, xs: cars.map(({ x }) => x), id: cars[room.seat!]!.id });
    });
    room.on('rewound', () => {
      this.rewinds += 1;
    });
    this.timer = setInterval(() => {
      this.id += 1;
      this.sentAt.set(this.id, performance.now());
      room.sendInput(this.id, { gas: 1, id: this.id });
    }, STEP_MS);
  }

  get last() {
    return this.seen.at(-1)!;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

describe('a game with steps and player inputs, of durability `every-change`', () => {
  let fleet: Fleet;
  const drivers: Driver[] = [];
  let pinging: NodeJS.Timeout | undefined;
  beforeAll(async () => {
    const env = {
      BACKLOG_BYTES_MAX: String(BACKLOG_BYTES_MAX),
      BACKLOG_TIMEOUT_MS: '20000',
      MESSAGES_PER_SECOND: '60',
      MESSAGES_BURST: String(MESSAGES_BURST),
      BYTES_PER_SECOND: '1000000000',
      BYTES_BURST: '1000000000',
    };
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, testGames: { turnMs: 60_000 }, env });
  }, 60_000);
  afterEach(() => {
    for (const driver of drivers.splice(0)) driver.stop();
    clearInterval(pinging);
  });
  afterAll(() => fleet.stop());

  async function drive(): Promise<[Driver, Driver]> {
    const { rooms } = await fleet.twoPlayersInAGame('drive');
    const [ada, bob] = [new Driver(rooms[0] as unknown as DriveRoom), new Driver(rooms[1] as unknown as DriveRoom)];
    drivers.push(ada, bob);
    return [ada, bob];
  }

  it('loses no step when its game server is killed', async () => {
    const [ada] = await drive();
    for (const driver of drivers) await until(() => driver.seen.length > 20 && driver.last.xs.every((x) => x > 5));
    const costs: number[] = [];
    for (let kill = 0; kill < 3; kill++) {
      const owner = await fleet.ownerOf(ada.room);
      const before = drivers.map(({ last, seen }) => ({ ...last, syncs: seen.length }));
      owner.kill();
      for (const [index, driver] of drivers.entries())
        await until(
          () => driver.last.step > before[index]!.step + 40 && driver.last.xs.every((x, seat) => x > before[index]!.xs[seat]! + 10),
          20_000,
        );
      // For each pair of consecutive syncs, the number of missing steps. This is the number of steps that fit into the time between the
      // syncs, minus the number of steps that ran.
      const gaps = ada.seen.slice(before[0]!.syncs - 1).map(({ at, step }, index, all) => {
        const next = all[index + 1];
        return next ? (next.at - at) / STEP_MS - (next.step - step) : 0;
      });
      costs.push(Math.round(Math.max(...gaps)));
      await fleet.restart(owner);
      await fleet.whole();
    }
    for (const driver of drivers) {
      driver.stop();
      expect(driver.rewinds).toBe(0);
      for (const [index, { step, xs, id }] of driver.seen.entries()) {
        const earlier = driver.seen[index - 1];
        if (!earlier) continue;
        expect(step).toBeGreaterThanOrEqual(earlier.step);
        expect(id).toBeGreaterThanOrEqual(earlier.id);
        expect(xs.every((x, seat) => x >= earlier.xs[seat]!)).toBe(true);
      }
    }
    if (process.env.SHOW) process.stdout.write(`a kill costs ${costs.join(', ')} steps of ${STEP_MS} ms\n`);
  }, 90_000);

  it('ignores player inputs that are sent while the game has no server', async () => {
    const [ada] = await drive();
    await until(() => ada.seen.length > 10 && ada.last.id > 5);
    const dead = await Promise.all(
      fleet.games.map(async (game) => {
        game.kill();
        await game.exited;
        return game;
      }),
    );
    const lost = ada.seen.length;
    const sent = ada.sentAt.size;
    // Sends many more player inputs than may wait for steps.
    await until(() => ada.sentAt.size > sent + 10 * QUEUE, 10_000);
    await Promise.all(dead.map((game) => fleet.restart(game)));
    await until(() => ada.last.id > sent && ada.seen.length > lost + 20, 30_000);
    for (const driver of drivers) driver.stop();
    const resumedAt = ada.seen.find(({ at }, index) => index >= lost && at > 0)!.at;
    const during = [...ada.sentAt].filter(([id, at]) => id > sent && at < resumedAt).map(([id]) => id);
    const used = new Set(ada.seen.map(({ id }) => id));
    expect(during.length).toBeGreaterThan(10 * QUEUE);
    // Some steps run before the first sync reaches the player. These steps can use a few of the player inputs that would otherwise be
    // dropped.
    expect(during.filter((id) => used.has(id)).length).toBeLessThanOrEqual(2 * QUEUE);
    await fleet.whole();
  }, 60_000);

  it('sends no volatile events to a player who does not read', async () => {
    const [gateway] = fleet.gateways as [FleetServer];
    const [ada] = await drive();
    ada.stop();
    const slow = await RawPlayer.welcomed(gateway, 'Slow', 'tcp');
    expect(await slow.asks(1, 'rooms.watch', { room: ada.room.id })).toHaveProperty('data');
    await slow.hears('sync', ({ events = [] }) => events.some(({ name }) => name === 'flash'));
    // Without pings, the gateway would close the connection as dead. The connection must stay open, because the test needs its backlog.
    pinging = setInterval(() => slow.say({ kind: 'ping', nonce: 1 }), 500);
    slow.listen(false);
    await until(async () => {
      await ada.room.send('shout', { chars: 100_000 });
      return (await metric(gateway, 'holdfast_backpressure_total', 'where="player"')) > 0;
    }, 20_000);
    const { step } = ada.last;
    await until(() => ada.last.step > step + 20);
    slow.listen(true);
    const resumed = ada.last.step;
    await slow.hears('sync', ({ events = [] }) =>
      events.some(({ name, data }) => name === 'flash' && (data as { step: number }).step > resumed),
    );
    const syncs = slow.heard.filter((message): message is Sync => message.kind === 'sync');
    const stepsOf = (wanted: string): number[] =>
      syncs.flatMap(({ events = [] }) => events.flatMap(({ name, data }) => (name === wanted ? (data as { step: number }).step : [])));
    const marks = stepsOf('mark');
    expect(marks).toEqual(Array.from(marks, (_, index) => marks[0]! + index));
    expect(syncs.some(({ missed }) => missed)).toBe(false);
    // The player gets volatile events until the gateway stops sending, and again after the player reads again. So the steps without such an
    // event are consecutive.
    const flashes = new Set(stepsOf('flash'));
    const without = marks.filter((mark) => !flashes.has(mark));
    expect(without.length).toBeGreaterThan(10);
    expect(without).toEqual(Array.from(without, (_, index) => without[0]! + index));
    expect((stateAfter(syncs) as Drive).step).toBe(marks.at(-1));
    expect(slow.isClosed).toBe(false);
    slow.close();
  }, 60_000);

  it('drops player inputs above the rate limit without closing the connection', async () => {
    const [gateway] = fleet.gateways as [FleetServer];
    const player = await RawPlayer.welcomed(gateway, 'Fast', 'binary');
    await player.asks(1, 'rooms.create', { game: 'drive' });
    await player.asks(2, 'rooms.start', {});
    await player.hears('sync');
    const limited = () => metric(gateway, 'holdfast_inputs_undelivered_total', 'reason="rate-limited"');
    const before = await limited();
    const sent = 5 * MESSAGES_BURST;
    for (let number = 1; number <= sent; number++) player.say({ kind: 'input', number, data: { gas: 1, id: number } });
    await until(async () => (await limited()) - before >= 3 * MESSAGES_BURST);
    const state = () => stateAfter(player.heard.filter((message): message is Sync => message.kind === 'sync')) as Drive;
    expect((await limited()) - before).toBeLessThan(sent);
    // The gateway drops the player inputs above the limit without a message to the player, and accepts player inputs again later.
    let number = sent;
    await until(() => {
      number += 1;
      player.say({ kind: 'input', number, data: { gas: 1, id: number } });
      return state().cars[0]!.id > sent;
    });
    expect(new Set(player.heard.map(({ kind }) => kind))).toEqual(new Set(['welcome', 'response', 'room', 'placed', 'sync']));
    expect(player.isClosed).toBe(false);
    player.close();
  }, 30_000);
});

/** Applies syncs as a client does. */
function stateAfter(syncs: readonly Sync[]): unknown {
  return syncs.reduce<unknown>((state, sync) => (sync.patches ? applyPatches(state, sync.patches) : sync.state), undefined);
}

async function metric(server: FleetServer, name: string, label: string): Promise<number> {
  const { text } = await server.ops('/metrics');
  return Number(new RegExp(`^${name}\\{[^}]*${label}[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
}
