import type { ServerChange, ServerDirectory, ServerRecord } from '#libs/fleet';
import { type ServerId, serverId } from '#libs/protocol';
import type { RedisConnections } from '#libs/redis';
import type { MarkingServer, StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { LISTED_AGAIN_MS, POLL_MS } from './settlement.options.js';
import { StoreSettlement } from './store-settlement.js';

/** A `StoreSettlement` with two fakes: a store with the marks of servers, and a directory of servers. */
class World {
  readonly marks = new Map<string, string>();
  readonly missing = new Set<ServerId>();
  readonly servers = new Map<ServerId, ServerRecord>();
  readonly settledGenerations: string[] = [];
  readonly redis = { isReady: true };
  current: string | null = 'one';
  /** The value of `hf:settled`. */
  settledByOthers: string | null = null;
  private settled: string | null = null;
  private changed: (change: ServerChange) => void = () => {};
  private connected: () => void = () => {};
  readonly settlement: StoreSettlement;

  constructor() {
    const world = this;
    const generation = {
      get current() {
        return world.current;
      },
      get isSettled() {
        return world.current !== null && world.settled === world.current;
      },
      awaitSettlement: () => {},
      onConnected: (listener: () => void) => {
        this.connected = listener;
      },
      isAuditedBy: async (all: readonly MarkingServer[]) =>
        all.every(({ server, incarnation }) => this.marks.get(`${server}:${incarnation}`) === this.current),
      forget: async ({ server, incarnation }: MarkingServer) => void this.marks.delete(`${server}:${incarnation}`),
      wasSettled: async () => this.settledByOthers === this.current,
      settle: async (settled: string) => {
        this.settled = settled;
      },
    } as unknown as StoreGeneration;
    const directory = {
      isKnown: true,
      all: () => [...this.servers.values()],
      isMissing: (id: ServerId) => this.missing.has(id),
      onChange: (listener: (change: ServerChange) => void) => {
        this.changed = listener;
      },
    } as unknown as ServerDirectory;
    const log = new Log({ server: 'spec', level: 'silent', format: 'json' });
    this.settlement = new StoreSettlement(generation, directory, this.redis as RedisConnections, log);
    this.settlement.onModuleInit();
    this.settlement.onSettled((settled) => this.settledGenerations.push(settled));
    this.settlement.onApplicationBootstrap();
  }

  add(type: 'game' | 'gateway' | 'lobby', name: string, more: Partial<ServerRecord> = {}): ServerRecord {
    const record = {
      id: serverId(type, name),
      type,
      incarnation: 1,
      state: 'ready',
      marksStore: true,
      suspect: 0,
      unheard: false,
      ...more,
    } as ServerRecord;
    this.servers.set(record.id, record);
    return record;
  }

  mark({ id, incarnation }: ServerRecord): void {
    this.marks.set(`${id}:${incarnation}`, this.current as string);
  }

  reportChange(change: ServerChange): void {
    this.servers.delete(change.server.id);
    this.changed(change);
  }

  restart(generation: string): void {
    this.current = generation;
    this.connected();
  }

  /** Advances the fake clock, and runs the timers that become due. */
  pass(ms = 2 * POLL_MS): Promise<void> {
    return jest.advanceTimersByTimeAsync(ms);
  }
}

describe('StoreSettlement', () => {
  let world: World;
  beforeEach(() => {
    jest.useFakeTimers();
    world = new World();
  });
  afterEach(() => {
    world.settlement.onModuleDestroy();
    jest.useRealTimers();
  });

  it('settles the store when each living game server and gateway has set its mark', async () => {
    const [game, gateway] = [world.add('game', '1'), world.add('gateway', '1')];
    world.add('lobby', '1');
    world.mark(game);
    await world.pass();
    expect(world.settlement.isSettled).toBe(false);
    world.mark(gateway);
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
    expect(world.settledGenerations).toEqual(['one']);
    // The settlement does not wait for a server that starts later, because it has no data that the store could have lost.
    world.add('game', '2');
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
  });

  it('does not wait for marks when another process has already settled the store', async () => {
    world.add('game', 'cut off');
    world.settledByOthers = 'one';
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
    world.restart('two');
    world.settledByOthers = 'two';
    await world.pass();
    expect(world.settlement.isSettled).toBe(false);
  });

  it('settles a restarted store only after every server has set its mark again', async () => {
    const game = world.add('game', '1');
    world.mark(game);
    await world.pass();
    world.restart('two');
    await world.pass();
    expect(world.settlement.isSettled).toBe(false);
    world.mark(game);
    await world.pass();
    expect(world.settledGenerations).toEqual(['one', 'two']);
  });

  it('waits for a server without a record in the store, but not for an evicted server', async () => {
    const [slow, dead, left] = [world.add('game', '1'), world.add('game', '2'), world.add('gateway', '1')];
    await world.pass();
    world.reportChange({ kind: 'evicted', server: dead });
    world.reportChange({ kind: 'left', server: left, isCertain: true });
    // The store has had no record of this server for some time, so the directory no longer lists the server.
    world.reportChange({ kind: 'left', server: slow, isCertain: false });
    world.missing.add(slow.id);
    await world.pass(1_000);
    expect(world.settlement.isSettled).toBe(false);
    world.mark(slow);
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
  });

  it('deletes the mark of a server that was evicted, has left or has restarted', async () => {
    const [dead, left, again] = [world.add('game', '1'), world.add('gateway', '1'), world.add('gateway', '2')];
    for (const server of [dead, left, again]) world.mark(server);
    world.reportChange({ kind: 'evicted', server: dead });
    world.reportChange({ kind: 'left', server: left, isCertain: true });
    world.reportChange({ kind: 'registered', server: { ...again, incarnation: 2 }, before: again });
    expect([...world.marks]).toEqual([]);
  });

  it('stops waiting for a server without a record when all other servers have had records for some time', async () => {
    const [lost, other] = [world.add('game', '1'), world.add('game', '2')];
    world.missing.add(lost.id).add(other.id);
    world.mark(other);
    await world.pass(LISTED_AGAIN_MS + 1_000);
    expect(world.settlement.isSettled).toBe(false);
    world.missing.delete(other.id);
    await world.pass(LISTED_AGAIN_MS - 1_000);
    expect(world.settlement.isSettled).toBe(false);
    await world.pass(2_000);
    expect(world.settlement.isSettled).toBe(true);
  });

  it.each([{ suspect: 1 }, { unheard: true }])('stops waiting for a server that remains %j without an eviction', async (doubt) => {
    world.mark(world.add('game', '1'));
    world.add('gateway', '1', doubt);
    await world.pass(LISTED_AGAIN_MS - 1_000);
    expect(world.settlement.isSettled).toBe(false);
    await world.pass(2_000);
    expect(world.settlement.isSettled).toBe(true);
  });

  it('continues to wait for a server that was suspect for a short time', async () => {
    const game = world.add('game', '1', { suspect: 1 });
    await world.pass(LISTED_AGAIN_MS - 1_000);
    world.add('game', '1');
    await world.pass(3 * LISTED_AGAIN_MS);
    expect(world.settlement.isSettled).toBe(false);
    world.mark(game);
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
  });

  it('waits for a server at most once per store generation', async () => {
    const [lost, slow] = [world.add('game', '1'), world.add('game', '2')];
    world.missing.add(lost.id);
    await world.pass(LISTED_AGAIN_MS + 1_000);
    expect(world.settlement.isSettled).toBe(false);
    world.mark(slow);
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
    // In the new generation, the settlement waits for the full time again, because the absent server has still set no mark.
    world.restart('two');
    world.mark(slow);
    await world.pass();
    expect(world.settlement.isSettled).toBe(false);
  });

  it('does not wait for a gateway whose version of Holdfast sets no marks', async () => {
    world.add('gateway', '1', { marksStore: false });
    await world.pass();
    expect(world.settlement.isSettled).toBe(true);
  });

  it('resolves `whenSettled` for all callers when the process reconnects to a store that is settled', async () => {
    world.mark(world.add('game', '1'));
    await world.pass();
    world.current = null;
    const outcomes: string[] = [];
    world.settlement.onceSettled(() => outcomes.push('called'));
    void world.settlement.whenSettled(5_000).then(() => outcomes.push('resolved'));
    expect(outcomes).toEqual([]);
    world.restart('one');
    await world.pass(0);
    expect(outcomes).toEqual(['called', 'resolved']);
  });

  it('resolves `whenSettled` as soon as the store is settled, or rejects it after a time limit', async () => {
    const game = world.add('game', '1');
    const outcomes: string[] = [];
    const wait = (ms: number) =>
      world.settlement.whenSettled(ms).then(
        () => outcomes.push('settled'),
        ({ code, retry }: { code: string; retry: boolean }) => outcomes.push(`${code} ${retry}`),
      );
    void wait(500);
    void wait(5_000);
    await world.pass(600);
    expect(outcomes).toEqual(['unavailable true']);
    world.mark(game);
    await world.pass();
    expect(outcomes).toEqual(['unavailable true', 'settled']);
    world.restart('two');
    world.redis.isReady = false;
    await wait(5_000);
    expect(outcomes[2]).toBe('unavailable true');
  });
});
