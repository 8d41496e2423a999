import { randomUUID } from 'node:crypto';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import * as fc from 'fast-check';
import { Extension } from '#libs/extension';
import { HoldfastError, type RoomId, type ServerId, serverId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { Metrics, TelemetryModule } from '#libs/telemetry';
import { until } from '../../../tools/process/until.mjs';
import { LoadBalancerService, type Placement, type PlacementRequest } from './load-balancer.service.js';
import { PlacementModule } from './placement.module.js';
import type { PlacementOptions } from './placement.options.js';
import { expiriesKey, offerKey, reservationsKey, serverKey } from './placement-keys.js';
import { PlacementPool, type PooledServer } from './placement-pool.js';
import { PlacementReporter, type ServerReport } from './placement-reporter.js';
import { PlacementStrategy, type RoomWish, type ServerFacts, STRATEGY_NAMES } from './placement-strategy.js';

const modules: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(modules.splice(0).map((module) => module.close()));
});

/** Starts a process that places rooms. It has its own Redis connections. */
async function newProcess(options: PlacementOptions = {}, extensions: Type[] = []) {
  const module = await Test.createTestingModule({
    providers: extensions,
    imports: [
      RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
      TelemetryModule.forRoot({ server: 'hf:lobby:test', level: 'silent', format: 'json' }),
      PlacementModule.forRoot(options),
    ],
  }).compile();
  modules.push(module);
  await module.init();
  await module.get(RedisConnections).ready();
  return {
    balancer: module.get(LoadBalancerService),
    reporter: module.get(PlacementReporter),
    pool: module.get(PlacementPool),
    redis: module.get(RedisConnections).commands,
    metrics: module.get(Metrics),
  };
}

type Process = Awaited<ReturnType<typeof newProcess>>;

/** Ids of servers and the name of a game, new for each test because all tests share one Redis. */
class Fleet {
  readonly game = `game-${randomUUID()}`;
  readonly servers: ServerId[];

  constructor(
    readonly at: Process,
    count: number,
  ) {
    this.servers = Array.from({ length: count }, () => serverId('game', randomUUID()));
  }

  static async started(at: Process, count: number, facts: Partial<ServerReport> = {}): Promise<Fleet> {
    const fleet = new Fleet(at, count);
    for (const server of fleet.servers) expect(await fleet.report(server, facts)).toBe('accepted');
    return fleet;
  }

  report(server: ServerId, facts: Partial<ServerReport> = {}) {
    return this.at.reporter.report({ server, incarnation: 1, rooms: 0, players: 0, capacity: 100, games: { [this.game]: [1] }, ...facts });
  }

  place(request: Partial<PlacementRequest> = {}, waitMs?: number): Promise<Placement> {
    return this.at.balancer.place({ room: newRoom(), game: this.game, ...request }, { waitMs });
  }

  async record(server: ServerId): Promise<PooledServer | undefined> {
    return (await this.at.pool.status()).find((known) => known.server === server);
  }

  async records(): Promise<PooledServer[]> {
    return (await this.at.pool.status()).filter(({ server }) => this.servers.includes(server));
  }
}

function newRoom(): RoomId {
  return randomUUID() as RoomId;
}

function spread(placements: readonly Placement[], servers: readonly ServerId[]): { fullest: number; emptiest: number } {
  const counts = servers.map((server) => placements.filter((placement) => placement.server === server).length);
  return { fullest: Math.max(...counts), emptiest: Math.min(...counts) };
}

/** Makes the lease of a room expire. The reservation remains until a script deletes it. */
async function expire(at: Process, room: RoomId): Promise<void> {
  await at.redis.zadd(expiriesKey(), 'XX', 1, room);
}

/** Adds more expired leases than one call of a script examines. The new leases expired before all other leases. */
async function bury(at: Process): Promise<void> {
  await at.redis.zadd(expiriesKey(), ...Array.from({ length: 100 }, () => [0, newRoom()]).flat());
}

async function isLeased(at: Process, room: RoomId): Promise<boolean> {
  return Number(await at.redis.zscore(expiriesKey(), room)) > Date.now();
}

interface Reservation {
  readonly server: string;
  readonly incarnation: number;
  /** True while the server has not opened the room of this reservation. */
  readonly isOutstanding: boolean;
}

async function reservationOf(at: Process, room: RoomId): Promise<Reservation | null> {
  const [, incarnation, weight, server] = /^(\S+) (\S+) (.+)$/.exec((await at.redis.hget(reservationsKey(), room)) ?? '') ?? [];
  return server === undefined ? null : { server, incarnation: Number(incarnation), isOutstanding: weight !== 'kept' };
}

/** The score of each server that may get a room of this request. */
async function offered(at: Process, ...wish: Parameters<typeof offerKey>): Promise<ReadonlyMap<string, number>> {
  const orders = await at.redis.smembers(offerKey(...wish));
  const scores = await Promise.all(orders.map((order) => at.redis.zrange(order, '0', '-1', 'WITHSCORES')));
  // Checks that each sorted set of servers in the offer has at least one server.
  for (const order of scores) expect(order).not.toEqual([]);
  return new Map(
    scores.flatMap((order) => order.flatMap((key, index) => (index % 2 === 0 ? [[key, Number(order[index + 1])] as const] : []))),
  );
}

/** Maximum number of repetitions until a random choice has had every result. A test that needs more repetitions fails. */
const CALLS_MAX = 500;

async function refusal(promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await promise.then(
    (value) => new Error(`expected a refusal, not ${JSON.stringify(value)}`),
    (thrown) => thrown,
  );
  if (!(error instanceof HoldfastError)) throw error;
  return error;
}

describe('LoadBalancerService', () => {
  it('distributes rooms evenly when eight processes place rooms at the same time', async () => {
    const processes = await Promise.all(Array.from({ length: 8 }, () => newProcess()));
    const fleet = await Fleet.started(processes[0], 7);
    const batches = processes.map(({ balancer }) =>
      Promise.all(Array.from({ length: 50 }, () => balancer.place({ room: newRoom(), game: fleet.game }))),
    );
    const { fullest, emptiest } = spread((await Promise.all(batches)).flat(), fleet.servers);
    expect([fullest, emptiest]).toEqual([58, 57]);
  });

  it('distributes rooms evenly while servers open rooms and send reports', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 4);
    const owned = new Map(fleet.servers.map((server) => [server, [] as RoomId[]]));
    for (let wave = 0; wave < 10; wave += 1) {
      const rooms = Array.from({ length: 9 }, newRoom);
      const placements = await Promise.all(rooms.map((room) => fleet.place({ room })));
      for (const [index, { server }] of placements.entries()) owned.get(server)?.push(rooms[index]);
      const reporting = fleet.servers[wave % 4];
      const mine = owned.get(reporting) as RoomId[];
      await fleet.report(reporting, { rooms: mine.length, owned: mine });
    }
    const counts = [...owned.values()].map((rooms) => rooms.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it('chooses randomly among servers with equal scores', async () => {
    const at = await newProcess();
    const first = new Set<ServerId>();
    const fleet = await Fleet.started(at, 3);
    await until(async () => {
      const room = newRoom();
      first.add((await fleet.place({ room })).server);
      await at.balancer.cancel(room);
      return first.size === 3;
    });
  });

  it('chooses the server of each room randomly among all servers with equal scores in a large fleet', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 30);
    const seen = new Set<ServerId>();
    // Repeats the call many times. Some random choices then start near the end of the list of servers and continue at its beginning.
    for (let calls = 0; calls < 12 || seen.size < 30; calls++) {
      expect(calls).toBeLessThan(CALLS_MAX);
      const rooms = Array.from({ length: 20 }, newRoom);
      const placements = await Promise.all(rooms.map((room) => fleet.place({ room })));
      expect(spread(placements, fleet.servers).fullest).toBe(1);
      for (const { server } of placements) seen.add(server);
      await Promise.all(rooms.map((room) => at.balancer.cancel(room)));
    }
  });

  it.each([1, 2, 5, 37, 100])('gives %i servers numbers of rooms that differ by at most one', async (count) => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, count);
    const placements: Placement[] = [];
    for (const rooms of [1, 7, 64, 3, 130, 1]) {
      placements.push(...(await Promise.all(Array.from({ length: Math.min(rooms, 30 * count) }, () => fleet.place()))));
      const { fullest, emptiest } = spread(placements, fleet.servers);
      expect(fullest - emptiest).toBeLessThanOrEqual(1);
    }
  });

  it('gives equal numbers of rooms to servers of several builds, games and versions', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 5);
    const [a, b, c, d, e] = fleet.servers;
    const anew = async (incarnation: number) => {
      for (const server of [a, b]) await fleet.report(server, { incarnation, build: 'b1' });
      await fleet.report(c, { incarnation, build: 'b2', games: { [fleet.game]: [1, 2] } });
      await fleet.report(d, { incarnation, games: { [fleet.game]: [2], [`${fleet.game}-x`]: [1] } });
      await fleet.report(e, { incarnation, region: 'eu', build: 'b2', canary: true });
    };
    const first = new Set<ServerId>();
    let incarnation = 0;
    while (first.size < 4) {
      expect(incarnation).toBeLessThan(CALLS_MAX);
      await anew(++incarnation);
      const placements = await Promise.all(Array.from({ length: 8 }, () => fleet.place()));
      expect(spread(placements, [a, b, c, d])).toEqual({ fullest: 2, emptiest: 2 });
      first.add(placements[0].server);
    }
    // Some of these rooms accept a server of any version. Placement must count the two rooms of version 2 as load when it places the other
    // two.
    await anew(++incarnation);
    const asked = [2, 2, undefined, undefined].map((gameVersion) => fleet.place({ gameVersion }));
    const [one, two, ...others] = (await Promise.all(asked)).map(({ server }) => server);
    expect(new Set([one, two])).toEqual(new Set([c, d]));
    expect(new Set(others)).toEqual(new Set([a, b]));
  });

  it('compares the numbers of rooms as numbers, not as texts', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 2);
    await fleet.report(fleet.servers[0], { rooms: 10 });
    await fleet.report(fleet.servers[1], { rooms: 9 });
    expect((await fleet.place()).server).toBe(fleet.servers[1]);
  });

  it('does not choose a full server until a slot is free', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2, { capacity: 3 });
    const rooms = Array.from({ length: 6 }, newRoom);
    await Promise.all(rooms.map((room) => fleet.place({ room })));
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
    expect((await fleet.records()).map(({ isEligible }) => isEligible)).toEqual([false, false]);

    await at.balancer.cancel(rooms[0]);
    await fleet.place();
    expect((await refusal(fleet.place())).code).toBe('no-capacity');

    await fleet.report(fleet.servers[1], { rooms: 0, capacity: 3, owned: rooms });
    expect((await fleet.place()).server).toBe(fleet.servers[1]);
  });

  it('does not choose a server that has more rooms than its capacity', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1, { rooms: 12, capacity: 10 });
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
  });

  it('chooses only servers that have the requested game and version', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 3);
    const [old, both, other] = fleet.servers;
    await fleet.report(old, { games: { [fleet.game]: [1] } });
    await fleet.report(both, { games: { [fleet.game]: [1, 2] }, rooms: 50 });
    await fleet.report(other, { games: { [`${fleet.game}-x`]: [1, 2] } });
    expect((await fleet.place({ gameVersion: 2 })).server).toBe(both);
    expect((await fleet.place({ gameVersion: 1 })).server).toBe(old);
    expect((await fleet.place()).server).toBe(old);
    expect((await refusal(fleet.place({ gameVersion: 3 }))).code).toBe('no-capacity');

    // A server that no longer offers a game, or a version of it, gets no more rooms of that game or version.
    await fleet.report(both, { games: { [fleet.game]: [1] } });
    expect((await refusal(fleet.place({ gameVersion: 2 }))).code).toBe('no-capacity');
  });

  it('chooses only servers with the requested region and build', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 3);
    const [eu, us, usNext] = fleet.servers;
    await fleet.report(eu, { region: 'eu', build: 'b1' });
    await fleet.report(us, { region: 'us', build: 'b1', rooms: 10 });
    await fleet.report(usNext, { region: 'us', build: 'b2', rooms: 20 });
    const given = async (request: Partial<PlacementRequest>) => (await fleet.place(request)).server;
    expect(await given({ region: 'us' })).toBe(us);
    expect(await given({ region: 'us', gameVersion: 1 })).toBe(us);
    expect(await given({ build: 'b2' })).toBe(usNext);
    expect(await given({ build: 'b1', region: 'us', gameVersion: 1 })).toBe(us);
    for (const nowhere of [{ region: 'mars' }, { build: 'b3' }, { region: 'eu', build: 'b2' }]) {
      expect((await refusal(fleet.place(nowhere))).code).toBe('no-capacity');
    }
    // The server has another region and build now, so a request for its earlier region or build does not find it.
    await fleet.report(us, { region: 'eu', build: 'b2', incarnation: 2 });
    expect((await refusal(fleet.place({ region: 'us', build: 'b1' }))).code).toBe('no-capacity');
  });

  it('prefers servers with the preferred region and build, then with the build, then with the region', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 4);
    const [best, ofBuild, ofRegion, any] = fleet.servers;
    await fleet.report(any, { region: 'us', build: 'b1' });
    await fleet.report(ofRegion, { region: 'eu', build: 'b1', rooms: 10 });
    await fleet.report(ofBuild, { region: 'us', build: 'b2', rooms: 20 });
    await fleet.report(best, { region: 'eu', build: 'b2', rooms: 30 });
    const prefer = { region: 'eu', build: 'b2' };
    for (const server of [best, ofBuild, ofRegion, any]) {
      expect((await fleet.place({ prefer })).server).toBe(server);
      await at.pool.withhold(server, 'cordoned');
    }
    const counts = await at.metrics.placements.counts();
    const counted = counts.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.result, value]);
    expect(counted).toEqual([
      ['placed', 1],
      ['elsewhere', 3],
    ]);
    // A preference never overrides a requirement.
    await at.pool.readmit(any, 'cordoned');
    expect((await refusal(fleet.place({ region: 'eu', prefer: { build: 'b1' } }))).code).toBe('no-capacity');
    expect((await fleet.place({ region: 'us', prefer })).server).toBe(any);
  });

  it('keeps the reservation of a room when a server in the preferred region joins later', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 2);
    const [near, far] = fleet.servers;
    await fleet.report(far, { region: 'us' });
    const request = { room: newRoom(), prefer: { region: 'eu' } };
    expect((await fleet.place(request)).server).toBe(far);
    await fleet.report(near, { region: 'eu' });
    expect((await fleet.place(request)).server).toBe(far);
  });

  it('gives a canary only rooms that request its build', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 2);
    const [stable, canary] = fleet.servers;
    await fleet.report(stable, { build: 'b1', region: 'eu', rooms: 50 });
    await fleet.report(canary, { build: 'b2', region: 'eu', canary: true });
    for (const request of [{}, { region: 'eu' }, { gameVersion: 1 }, { prefer: { region: 'eu' } }]) {
      expect((await fleet.place(request)).server).toBe(stable);
    }
    for (const request of [{ build: 'b2' }, { build: 'b2', region: 'eu', gameVersion: 1 }, { prefer: { build: 'b2' } }]) {
      expect((await fleet.place(request)).server).toBe(canary);
    }
    await at.pool.withhold(stable, 'cordoned');
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
  });

  it('counts a room of one game as load for all games of the server', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 2);
    const games = { [fleet.game]: [1], [`${fleet.game}-b`]: [1] };
    for (const server of fleet.servers) await fleet.report(server, { games });
    const first = await fleet.place();
    const second = await at.balancer.place({ room: newRoom(), game: `${fleet.game}-b` });
    expect(second.server).not.toBe(first.server);
  });

  it('applies the requirements of a room only to that room when one call places several rooms', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2, { capacity: 3 });
    const other = await Fleet.started(at, 1, { capacity: 1 });
    const [a, b] = fleet.servers;
    const twice = newRoom();
    const asked = await Promise.allSettled([
      fleet.place({ room: twice }),
      other.place(),
      fleet.place({ exclude: [a] }),
      fleet.place({ exclude: [a, b] }),
      fleet.place({ room: twice }),
      fleet.place({ exclude: [a] }),
      other.place(),
      // The balancer splits these 100 requests into several calls of the script.
      ...Array.from({ length: 100 }, () => fleet.place()),
    ]);
    const servers = asked.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.server : outcome.reason.code));
    expect(servers[1]).toBe(other.servers[0]);
    expect([servers[2], servers[5]]).toEqual([b, b]);
    expect(servers[3]).toBe('no-capacity');
    expect(servers[4]).toBe(servers[0]);
    expect(servers[6]).toBe('no-capacity');
    const rest = servers.slice(7);
    expect(rest.filter((server) => server !== 'no-capacity')).toHaveLength(3);
    expect(new Set(rest.slice(0, 3)).has('no-capacity')).toBe(false);
    expect((await fleet.records()).map(({ reserved }) => reserved)).toEqual([3, 3]);
  });

  it('stores a lease for a room when the first of two requests for the room fails and the second succeeds', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1, { capacity: 1 });
    const room = newRoom();
    await Promise.allSettled([fleet.place({ room, exclude: fleet.servers }), fleet.place({ room })]);
    expect(await isLeased(at, room)).toBe(true);
  });

  it('renews the expired reservation of one room in the same call that places another room', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1, { capacity: 2 });
    const [again, next] = [newRoom(), newRoom()];
    const old = [again, newRoom()];
    await Promise.all(old.map((room) => fleet.place({ room })));
    await bury(at);
    await Promise.all(old.map((room) => expire(at, room)));
    await Promise.all([fleet.place({ room: next }), fleet.place({ room: again })]);
    expect([await isLeased(at, next), await isLeased(at, again)]).toEqual([true, true]);
  });

  it('does not choose an excluded server even when a slot of this server becomes free', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1, { capacity: 1 });
    const room = newRoom();
    await fleet.place({ room });
    await bury(at);
    await expire(at, room);
    expect(await refusal(fleet.place({ exclude: fleet.servers }, 0))).toMatchObject({ code: 'no-capacity' });
    expect(await fleet.place()).toMatchObject({ server: fleet.servers[0] });
  });

  it('does not choose an excluded server', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 3);
    const [a, b, c] = fleet.servers;
    expect((await fleet.place({ exclude: [a, b] })).server).toBe(c);
    expect((await refusal(fleet.place({ exclude: fleet.servers }))).code).toBe('no-capacity');
    expect(new Set([await fleet.place(), await fleet.place()].map(({ server }) => server))).toEqual(new Set([a, b]));

    const many = await Fleet.started(at, 8);
    for (const only of many.servers) {
      expect((await many.place({ exclude: many.servers.filter((server) => server !== only) })).server).toBe(only);
    }
  });
});

describe('the reservation of a room', () => {
  it('is on one server, whichever process requests the room', async () => {
    const [one, other] = [await newProcess(), await newProcess()];
    const fleet = await Fleet.started(one, 5);
    const room = newRoom();
    const asked = await Promise.all([one, other, one, other].map(({ balancer }) => balancer.place({ room, game: fleet.game })));
    expect(new Set(asked.map(({ server }) => server)).size).toBe(1);
    const reserved = (await fleet.records()).reduce((sum, server) => sum + server.reserved, 0);
    expect(reserved).toBe(1);
  });

  it('is made exactly once when the caller dies before the answer', async () => {
    const [dying, next] = [await newProcess(), await newProcess()];
    const fleet = await Fleet.started(next, 4);
    const rooms = Array.from({ length: 200 }, newRoom);
    const unheard = Promise.allSettled(rooms.map((room) => dying.balancer.place({ room, game: fleet.game })));
    await until(async () => (await fleet.records()).some(({ reserved }) => reserved > 0));
    dying.redis.disconnect();
    await unheard;

    const before = await Promise.all(rooms.map((room) => reservationOf(next, room)));
    const placements = await Promise.all(rooms.map((room) => fleet.place({ room })));
    for (const [index, reservation] of before.entries()) {
      if (reservation !== null) expect(serverKey(placements[index].server)).toBe(reservation.server);
    }
    expect((await fleet.records()).map(({ reserved }) => reserved)).toEqual([50, 50, 50, 50]);
  });

  it('moves to another server when the request excludes the first server', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const room = newRoom();
    const first = await fleet.place({ room });
    const second = await fleet.place({ room, exclude: [first.server] });
    expect(second.server).not.toBe(first.server);
    expect((await fleet.record(first.server))?.reserved).toBe(0);
    expect(await fleet.place({ room })).toEqual(second);
  });

  it('leaves the counts of all servers exact when it moves to another server in the same call that places other rooms', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const [moves, twice] = [newRoom(), newRoom()];
    const left = (await fleet.place({ room: moves })).server;
    const [first, , third] = [fleet.place(), fleet.place({ room: twice }), fleet.place()];
    const moved = fleet.place({ room: moves, exclude: [left] });
    const again = fleet.place({ room: twice, exclude: fleet.servers });
    const last = fleet.place();
    expect((await moved).server).not.toBe(left);
    expect((await refusal(again)).code).toBe('no-capacity');
    // Each server must have one reservation for each answer that names the server. The test counts the answers, because placement chooses
    // the server of each room at random.
    const placements = await Promise.all([first, third, moved, last]);
    const expected = fleet.servers.map((server) => {
      const count = placements.filter((placement) => placement.server === server).length;
      return { server, reserved: count, score: count };
    });
    expect(await Promise.all(fleet.servers.map((server) => fleet.record(server)))).toMatchObject(expected);
    expect(await isLeased(at, twice)).toBe(false);
  });

  it('frees its slot when its lease ends', async () => {
    const at = await newProcess({ claimMs: 50 });
    const fleet = await Fleet.started(at, 1, { capacity: 1 });
    await fleet.place();
    expect((await fleet.record(fleet.servers[0]))?.isEligible).toBe(false);
    await until(() => fleet.place());
    expect((await fleet.record(fleet.servers[0]))?.reserved).toBe(1);
  });

  it('does not affect the choice of a server after the lease has ended', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const room = newRoom();
    const first = await fleet.place({ room });
    // The server is full now. A repeated request still returns this server while the lease is valid.
    await fleet.report(first.server, { rooms: 100 });
    expect(await fleet.place({ room })).toEqual(first);
    await bury(at);
    await expire(at, room);
    expect((await fleet.place({ room })).server).not.toBe(first.server);
  });

  it('is renewed by a repeated request', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const room = newRoom();
    const lease = async () => Number(await at.redis.zscore(expiriesKey(), room));
    await fleet.place({ room });
    const before = await lease();
    await until(async () => {
      await fleet.place({ room });
      return (await lease()) > before;
    });
  });

  it('is counted as a room of its server after the confirmation', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const room = newRoom();
    const placement = await fleet.place({ room });
    expect(await at.balancer.confirm(room)).toBe(true);
    expect(await at.balancer.confirm(room)).toBe(false);
    expect(await fleet.record(placement.server)).toMatchObject({ rooms: 1, reserved: 0, score: 1 });
    expect(await fleet.place({ room })).toEqual(placement);
    expect((await fleet.place()).server).not.toBe(placement.server);
  });

  it('can be cancelled only once', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const room = newRoom();
    await fleet.place({ room });
    expect(await at.balancer.cancel(room)).toBe(true);
    expect(await at.balancer.cancel(room)).toBe(false);
    expect(await fleet.record(fleet.servers[0])).toMatchObject({ reserved: 0, score: 0 });
  });
});

describe('the end of a game', () => {
  it('cancels the reservation, so that the next game of the room may go to another server', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const room = newRoom();
    const first = await fleet.place({ room });
    await at.balancer.confirm(room);
    await fleet.report(first.server, { rooms: 5 });
    expect(await fleet.place({ room })).toEqual(first);
    await at.balancer.gamesEnded(first, [room]);
    expect((await fleet.place({ room })).server).not.toBe(first.server);
  });

  it('releases the slot of an unconfirmed reservation only once', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const rooms = [newRoom(), newRoom()];
    for (const room of rooms) await fleet.place({ room });
    for (let times = 0; times < 2; times++) await at.balancer.gamesEnded({ server: fleet.servers[0], incarnation: 1 }, rooms);
    expect(await fleet.record(fleet.servers[0])).toMatchObject({ reserved: 0, score: 0 });
  });

  it('keeps a later reservation of the room on another server or incarnation', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const room = newRoom();
    const first = await fleet.place({ room });
    const second = await fleet.place({ room, exclude: [first.server] });
    await at.balancer.gamesEnded(first, [room]);
    await at.balancer.gamesEnded({ ...second, incarnation: second.incarnation + 1 }, [room]);
    expect(await fleet.record(second.server)).toMatchObject({ reserved: 1 });
    expect(await fleet.place({ room })).toEqual(second);
  });
});

describe('the report of a game server', () => {
  it('replaces a wrong number of rooms in the placement record', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const [server] = fleet.servers;
    await at.redis.hset(serverKey(server), { rooms: 70, standing: 70 });
    await fleet.report(server, { rooms: 3 });
    expect(await fleet.record(server)).toMatchObject({ rooms: 3, score: 3 });
    expect((await offered(at, fleet.game)).get(serverKey(server))).toBe(3);
  });

  it('counts each reservation until the server owns or confirms the room', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const [server] = fleet.servers;
    const [taken, starting, kept] = [newRoom(), newRoom(), newRoom()];
    for (const room of [taken, starting, kept]) await fleet.place({ room });
    await at.balancer.confirm(kept);
    await fleet.report(server, { rooms: 2, owned: [taken] });
    expect(await fleet.record(server)).toMatchObject({ rooms: 2, reserved: 1, score: 3 });
    // Repeats the report, as after a lost answer. The second report must change nothing.
    await fleet.report(server, { rooms: 2, owned: [taken, kept] });
    expect(await fleet.record(server)).toMatchObject({ rooms: 2, reserved: 1, score: 3 });
  });

  it('does not confirm a reservation on another server', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const room = newRoom();
    const { server } = await fleet.place({ room });
    const other = fleet.servers.find((candidate) => candidate !== server) as ServerId;
    await fleet.report(other, { owned: [room] });
    expect((await fleet.record(server))?.reserved).toBe(1);
  });

  it('is refused when it comes from an older incarnation', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 1);
    const [server] = fleet.servers;
    expect(await fleet.report(server, { incarnation: 2, rooms: 5 })).toBe('accepted');
    expect(await fleet.report(server, { incarnation: 1, rooms: 9 })).toBe('older');
    expect(await fleet.record(server)).toMatchObject({ incarnation: 2, rooms: 5 });
  });

  it('cancels the reservations of the previous incarnation of the server', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const [server] = fleet.servers;
    const room = newRoom();
    expect((await fleet.place({ room })).incarnation).toBe(1);
    await fleet.report(server, { incarnation: 2 });
    expect((await fleet.record(server))?.reserved).toBe(0);
    expect((await fleet.place({ room })).incarnation).toBe(2);
    await at.balancer.cancel(room);
    expect(await fleet.record(server)).toMatchObject({ reserved: 0, score: 0 });
  });

  it('restores the list of its games when Redis has lost the list', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    await at.redis.del(offerKey(fleet.game), offerKey(fleet.game, 1));
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
    await fleet.report(fleet.servers[0]);
    await fleet.place({ gameVersion: 1 });
  });

  it('restores the placement record of its server when Redis has lost the record', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    const orders = await at.redis.smembers(offerKey(fleet.game));
    await at.redis.del(...orders, offerKey(fleet.game), offerKey(fleet.game, 1), ...fleet.servers.map(serverKey));
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
    for (const server of fleet.servers) await fleet.report(server, { rooms: 4 });
    await fleet.place();
  });
});

describe('the placement calls of one process', () => {
  it('are limited to two at a time', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 2);
    let calls = 0;
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const send = at.redis.sendCommand.bind(at.redis) as (...args: unknown[]) => Promise<unknown>;
    jest.spyOn(at.redis, 'sendCommand').mockImplementation((...args: unknown[]) => {
      calls += 1;
      return Promise.all([send(...args), answered]).then(([sent]) => sent);
    });
    const placements: Promise<Placement>[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      placements.push(fleet.place());
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(calls).toBe(2);
    answer();
    expect(spread(await Promise.all(placements), fleet.servers)).toEqual({ fullest: 3, emptiest: 3 });
    expect(calls).toBe(3);
  });

  it('do not block the next call when they fail', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const send = jest.spyOn(at.redis, 'sendCommand');
    for (let call = 0; call < 2; call += 1) send.mockImplementationOnce(() => Promise.reject(new Error('ECONNRESET')));
    for (let call = 0; call < 2; call += 1) expect((await refusal(fleet.place())).code).toBe('unavailable');
    expect((await fleet.place()).server).toBe(fleet.servers[0]);
  });
});

describe('PlacementPool', () => {
  it('makes a withheld server eligible when the last reason to withhold the server is removed', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const [server] = fleet.servers;
    await at.pool.withhold(server, 'suspect');
    await at.pool.withhold(server, 'suspect');
    await at.pool.withhold(server, 'cordoned');
    expect((await fleet.record(server))?.withheld).toEqual(['suspect', 'cordoned']);
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
    expect(await at.pool.readmit(server, 'suspect')).toBe(false);
    await fleet.report(server);
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
    expect(await at.pool.readmit(server, 'cordoned')).toBe(true);
    expect((await fleet.place()).server).toBe(server);
  });

  it('withholds a server before its first report, until a new incarnation of the server reports', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 1);
    const [server] = fleet.servers;
    await at.pool.withhold(server, 'cordoned');
    await at.pool.withhold(server, 'unheard', 1);
    await fleet.report(server);
    expect((await fleet.record(server))?.withheld).toEqual(['cordoned', 'unheard']);
    await fleet.report(server, { incarnation: 2 });
    expect((await fleet.record(server))?.withheld).toEqual([]);
  });

  it('ignores a request to withhold or readmit an older incarnation', async () => {
    const at = await newProcess();
    const fleet = await Fleet.started(at, 1);
    const [server] = fleet.servers;
    await fleet.report(server, { incarnation: 2 });
    expect(await at.pool.withhold(server, 'suspect', 1)).toBe(false);
    expect((await fleet.place()).server).toBe(server);
    await at.pool.withhold(server, 'suspect', 2);
    expect(await at.pool.readmit(server, 'suspect', 1)).toBe(false);
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
  });

  it('deletes the record of a server that was withheld and readmitted before its first report', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 1);
    await at.pool.withhold(fleet.servers[0], 'draining');
    await at.pool.readmit(fleet.servers[0], 'draining');
    expect(await fleet.records()).toEqual([]);
  });

  it('makes a server whose incarnation was removed eligible again only under a later incarnation', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 1);
    const [server] = fleet.servers;
    await fleet.report(server, { incarnation: 5 });
    const room = newRoom();
    await fleet.place({ room });
    expect(await at.pool.remove(server, 5)).toBe(true);
    expect(await at.pool.remove(server, 5)).toBe(false);
    for (const incarnation of [5, 4]) expect(await fleet.report(server, { incarnation })).toBe('removed');
    expect(await at.pool.withhold(server, 'suspect')).toBe(false);
    expect(await at.pool.withhold(server, 'suspect', 5)).toBe(false);
    expect(await fleet.records()).toEqual([]);
    expect((await refusal(fleet.place({ room }))).code).toBe('no-capacity');

    expect(await fleet.report(server, { incarnation: 6 })).toBe('accepted');
    expect((await fleet.place({ room })).incarnation).toBe(6);
    expect(await at.pool.remove(server, 5)).toBe(false);
    expect((await fleet.record(server))?.isEligible).toBe(true);
    expect(await at.redis.ttl(serverKey(server))).toBe(-1);
  });

  it('refuses the first report of a removed incarnation', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 1);
    await at.pool.remove(fleet.servers[0], 3);
    expect(await fleet.report(fleet.servers[0], { incarnation: 3 })).toBe('removed');
  });
});

describe('a placement request when no server has capacity', () => {
  it('is refused immediately, with the time after which the caller may try again', async () => {
    const at = await newProcess();
    const { code, retry, retryAfterMs } = await refusal(new Fleet(at, 0).place());
    expect({ code, retry, retryAfterMs }).toEqual({ code: 'no-capacity', retry: true, retryAfterMs: 1_000 });
    const counts = (await at.metrics.placements.counts()).filter(({ value }) => value > 0);
    expect(counts).toMatchObject([{ labels: { result: 'no-capacity' }, value: 1 }]);
  });

  it('succeeds for all callers when capacity appears', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 1);
    const waiting = Promise.all(Array.from({ length: 5 }, () => fleet.place({}, 10_000)));
    await fleet.report(fleet.servers[0]);
    expect(new Set((await waiting).map(({ server }) => server))).toEqual(new Set(fleet.servers));
  });

  it('is refused when no capacity appears in time', async () => {
    const at = await newProcess({ waitMs: 60 });
    const start = performance.now();
    expect((await refusal(new Fleet(at, 0).place())).code).toBe('no-capacity');
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  it('is refused with `unavailable` when Redis cannot be reached', async () => {
    const at = await newProcess();
    at.redis.disconnect();
    expect((await refusal(new Fleet(at, 0).place())).code).toBe('unavailable');
  });
});

/** An example of a strategy that a developer writes. */
@Injectable()
@Extension(PlacementStrategy)
class FewestPlayersPerSlot extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ players, capacity }: ServerFacts): number {
    return Math.round((1_000 * players) / capacity);
  }

  override weight({ players = 2 }: RoomWish): number {
    return players;
  }
}

@Injectable()
@Extension(PlacementStrategy)
class TooHeavy extends PlacementStrategy {
  readonly takes = 'lowest';

  score(): number {
    return 0;
  }

  override weight({ players = 0 }: RoomWish): number {
    return players * Number.MAX_VALUE;
  }
}

describe('the placement strategy', () => {
  it.each(STRATEGY_NAMES)('`%s` subtracts exactly the weight that a reservation added', async (strategy) => {
    const at = await newProcess({ strategy });
    const fleet = await Fleet.started(at, 1);
    const [cancelled, kept, reported, expired] = Array.from({ length: 4 }, newRoom);
    for (const room of [cancelled, kept, reported, expired]) await fleet.place({ room, players: 2 });
    await at.balancer.cancel(cancelled);
    await at.balancer.confirm(kept);
    await expire(at, expired);
    await fleet.report(fleet.servers[0], { rooms: 2, owned: [reported] });
    expect(await at.redis.hmget(serverKey(fleet.servers[0]), 'reserved', 'weight')).toEqual(['0', '0']);
  });

  it.each(STRATEGY_NAMES)('`%s` fills all servers up to their capacity', async (strategy) => {
    const at = await newProcess({ strategy });
    const fleet = await Fleet.started(at, 3, { capacity: 4 });
    const placements = await Promise.all(Array.from({ length: 12 }, () => fleet.place({ players: 3 })));
    expect(spread(placements, fleet.servers)).toEqual({ fullest: 4, emptiest: 4 });
    expect((await refusal(fleet.place())).code).toBe('no-capacity');
  });

  it('`least-players` gives servers equal numbers of players, not of rooms', async () => {
    const at = await newProcess({ strategy: 'least-players' });
    const fleet = new Fleet(at, 2);
    const [manySmall, fewLarge] = fleet.servers;
    await fleet.report(manySmall, { rooms: 5, players: 10 });
    await fleet.report(fewLarge, { rooms: 1, players: 14 });
    expect((await fleet.place({ players: 5 })).server).toBe(manySmall);
    expect((await fleet.place({ players: 2 })).server).toBe(fewLarge);
  });

  it('`least-players` chooses the server with the fewest players for each room of a call', async () => {
    const at = await newProcess({ strategy: 'least-players' });
    const fleet = await Fleet.started(at, 3);
    const sizes = [5, 1, 1, 3, 2, 2, 2, 4, 0, 7];
    const players = [0, 0, 0];
    for (const size of sizes) {
      players.sort((one, other) => one - other);
      players[0] += size;
    }
    await Promise.all(sizes.map((size) => fleet.place({ players: size })));
    const scores = (await fleet.records()).map(({ score }) => score);
    expect(scores.sort((one, other) => one - other)).toEqual(players.sort((one, other) => one - other));
  });

  it('`packed` fills one server before it places rooms on the next server', async () => {
    const at = await newProcess({ strategy: 'packed' });
    const fleet = new Fleet(at, 4);
    for (const [index, server] of fleet.servers.entries()) await fleet.report(server, { rooms: 2 * index, capacity: 10 });
    await Promise.all(Array.from({ length: 9 }, () => fleet.place()));
    const records = await Promise.all(fleet.servers.map((server) => fleet.record(server)));
    expect(records.map((record) => record?.reserved)).toEqual([0, 0, 5, 4]);
  });

  it('`packed` chooses the fullest server that has free capacity', async () => {
    const at = await newProcess({ strategy: 'packed' });
    const fleet = new Fleet(at, 3);
    const [full, nearlyFull, empty] = fleet.servers;
    await fleet.report(full, { rooms: 10, capacity: 10 });
    await fleet.report(nearlyFull, { rooms: 8, capacity: 10 });
    await fleet.report(empty, { rooms: 0, capacity: 10 });
    const placements = [await fleet.place(), await fleet.place(), await fleet.place()];
    expect(placements.map(({ server }) => server)).toEqual([nearlyFull, nearlyFull, empty]);
  });

  it('`random` can choose each server that has free capacity', async () => {
    const at = await newProcess({ strategy: 'random' });
    const fleet = new Fleet(at, 2);
    const [busy, idle] = fleet.servers;
    await fleet.report(busy, { rooms: 90 });
    await fleet.report(idle);
    const seen = new Set<ServerId>();
    await until(async () => seen.add((await fleet.place()).server).size === 2);
  });

  it('can be a class in the code of the application', async () => {
    const at = await newProcess({}, [FewestPlayersPerSlot]);
    const fleet = new Fleet(at, 2);
    const [small, large] = fleet.servers;
    await fleet.report(small, { players: 10, capacity: 20 });
    await fleet.report(large, { players: 20, capacity: 100 });
    expect((await fleet.place()).server).toBe(large);
    expect(await fleet.report(small, { capacity: 0 })).toBe('accepted');
  });

  it('keeps the count of reservations exact even when the weight of a room is too large for an exact number', async () => {
    const at = await newProcess({}, [TooHeavy]);
    const fleet = await Fleet.started(at, 1);
    const heavy = newRoom();
    await Promise.all([fleet.place({ room: heavy, players: 1 }), fleet.place()]);
    await at.balancer.cancel(heavy);
    expect(await fleet.record(fleet.servers[0])).toMatchObject({ reserved: 1, score: 0 });
  });
});

describe('a new game server in placement', () => {
  it('without a ramp gets all new rooms until its load equals the load of the other servers', async () => {
    const at = await newProcess();
    const fleet = new Fleet(at, 2);
    const [old, newcomer] = fleet.servers;
    await fleet.report(old, { rooms: 5 });
    await fleet.report(newcomer);
    const placements = await Promise.all(Array.from({ length: 5 }, () => fleet.place()));
    expect(placements.every(({ server }) => server === newcomer)).toBe(true);
  });

  it('starts its ramp at the score of the other servers', async () => {
    const rampMs = 400;
    const at = await newProcess({ rampMs });
    const fleet = new Fleet(at, 3);
    const [a, b, newcomer] = fleet.servers;
    await fleet.report(a, { rooms: 20 });
    await fleet.report(b, { rooms: 20 });
    // Ends the ramps of the two servers. Only servers without a ramp determine the start score of a new server.
    await at.redis.hincrby(serverKey(a), 'since', -rampMs);
    await at.redis.hincrby(serverKey(b), 'since', -rampMs);
    await fleet.report(newcomer);
    expect((await fleet.record(newcomer))?.score).toBe(20);
    await until(async () => {
      await fleet.report(newcomer);
      return (await fleet.record(newcomer))?.score === 0;
    });
  });

  it('starts at the median score of the established servers', async () => {
    const rampMs = 60_000;
    const at = await newProcess({ rampMs });
    const fleet = new Fleet(at, 6);
    const [busy, busier, ...newcomers] = fleet.servers;
    await fleet.report(busy, { rooms: 20 });
    await fleet.report(busier, { rooms: 30 });
    for (const server of [busy, busier]) await at.redis.hincrby(serverKey(server), 'since', -rampMs);
    for (const server of newcomers) await fleet.report(server);
    const ramps = await Promise.all(newcomers.map((server) => at.redis.hget(serverKey(server), 'ramp')));
    expect(ramps).toEqual(['30', '30', '30', '30']);
  });

  it('starts at the median score of other builds when no server has its build', async () => {
    const rampMs = 60_000;
    const at = await newProcess({ rampMs });
    const fleet = new Fleet(at, 5);
    const [a, b, c, other, newcomer] = fleet.servers;
    for (const [index, server] of [a, b, c].entries()) await fleet.report(server, { rooms: 9 + index, build: 'b1' });
    await fleet.report(other, { rooms: 50, build: 'b2' });
    for (const server of [a, b, c, other]) await at.redis.hincrby(serverKey(server), 'since', -rampMs);
    await fleet.report(newcomer, { build: 'b3' });
    expect(await at.redis.hget(serverKey(newcomer), 'ramp')).toBe('11');
  });

  it('has no ramp in a fleet whose servers start together', async () => {
    const at = await newProcess({ rampMs: 60_000 });
    const fleet = new Fleet(at, 2);
    const [first, second] = fleet.servers;
    await fleet.report(first, { rooms: 3 });
    await fleet.report(second);
    expect((await fleet.record(second))?.score).toBe(0);
  });
});

describe('the count of reservations', () => {
  const SERVERS = 3;
  const ROOMS = 8;
  const room = fc.nat({ max: ROOMS - 1 });
  const server = fc.nat({ max: SERVERS - 1 });
  const act = fc.oneof(
    fc.record({ kind: fc.constant('place' as const), room, exclude: fc.option(server) }),
    fc.record({ kind: fc.constant('confirm' as const), room }),
    fc.record({ kind: fc.constant('cancel' as const), room }),
    fc.record({ kind: fc.constant('expire' as const), room }),
    fc.record({
      kind: fc.constant('report' as const),
      server,
      rooms: fc.nat({ max: 4 }),
      owned: fc.array(room, { maxLength: 3 }),
      restarted: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('withhold' as const), server }),
    fc.record({ kind: fc.constant('readmit' as const), server }),
    fc.record({ kind: fc.constant('remove' as const), server }),
  );
  type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

  it('is exact after any sequence of events', async () => {
    const at = await newProcess();
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 40 }), async (acts) => {
        const fleet = await Fleet.started(at, SERVERS, { capacity: 4 });
        const rooms = Array.from({ length: ROOMS }, newRoom);
        const incarnations = fleet.servers.map(() => 1);
        for (const step of acts) {
          await perform(fleet, rooms, incarnations, step);
          await expectExact(fleet, rooms);
        }
      }),
      { numRuns: 40 },
    );
  });

  async function perform(fleet: Fleet, rooms: RoomId[], incarnations: number[], step: Act): Promise<void> {
    const { balancer, pool } = fleet.at;
    switch (step.kind) {
      case 'place': {
        const exclude = step.exclude === null ? [] : [fleet.servers[step.exclude]];
        await fleet.place({ room: rooms[step.room], exclude }).catch((error) => expect(error.code).toBe('no-capacity'));
        return;
      }
      case 'confirm':
        return void (await balancer.confirm(rooms[step.room]));
      case 'cancel':
        return void (await balancer.cancel(rooms[step.room]));
      case 'expire':
        return expire(fleet.at, rooms[step.room]);
      case 'report': {
        if (step.restarted) incarnations[step.server] += 1;
        const owned = step.owned.map((index) => rooms[index]);
        await fleet.report(fleet.servers[step.server], { incarnation: incarnations[step.server], rooms: step.rooms, capacity: 4, owned });
        return;
      }
      case 'withhold':
        return void (await pool.withhold(fleet.servers[step.server], 'suspect'));
      case 'readmit':
        return void (await pool.readmit(fleet.servers[step.server], 'suspect'));
      case 'remove':
        return void (await pool.remove(fleet.servers[step.server], incarnations[step.server]));
    }
  }

  /** Checks the invariants at the head of shared.lua. */
  async function expectExact(fleet: Fleet, rooms: RoomId[]): Promise<void> {
    const reservations = await Promise.all(rooms.map((id) => reservationOf(fleet.at, id)));
    const offers = await Promise.all([offered(fleet.at, fleet.game), offered(fleet.at, fleet.game, 1)]);
    const known = new Map((await fleet.records()).map((record) => [record.server, record]));
    for (const id of fleet.servers) {
      const record = known.get(id);
      const outstanding = reservations.filter(
        (held) => held?.isOutstanding && held.server === serverKey(id) && held.incarnation === record?.incarnation,
      );
      expect(record?.reserved ?? 0).toBe(outstanding.length);
      for (const scores of offers) expect(scores.get(serverKey(id))).toBe(record?.isEligible ? record.score : undefined);
      expect(record?.score ?? 0).toBe((record?.rooms ?? 0) + (record?.reserved ?? 0));
    }
  }
});
