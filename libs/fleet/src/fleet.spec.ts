import { Test, type TestingModule } from '@nestjs/testing';
import { LinkModule } from '#libs/link';
import type { ServerId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { HOLDFAST_VERSION, Readiness, TelemetryModule } from '#libs/telemetry';
import { eventually } from '../../../tools/process/until.mjs';
import { FleetModule } from './fleet.module.js';
import { serversKey } from './fleet.options.js';
import { type FleetEvent, FleetEvents } from './fleet-events.js';
import { Self } from './self.js';
import { type ServerChange, ServerDirectory } from './server-directory.js';
import { judgeOwnRecord, ServerRegistration } from './server-registration.js';

const ADDRESSES = { linkHost: '127.0.0.1', linkPort: 4001, opsHost: '127.0.0.1', opsPort: 4002 };
const GAMES = { 'tic-tac-toe': { version: 1, seats: { min: 2, max: 2 } } };

interface TestServer {
  readonly module: TestingModule;
  readonly self: Self;
  readonly registration: ServerRegistration;
  readonly directory: ServerDirectory;
  readonly redis: RedisConnections;
  readonly changes: ServerChange[];
  readonly events: FleetEvent[];
}

describe('a registered server', () => {
  const started: TestServer[] = [];

  afterEach(async () => {
    for (const server of started.splice(0)) {
      await server.registration.leave();
      await server.module.close();
    }
  });

  async function server(name: string): Promise<TestServer> {
    const module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/3` }),
        TelemetryModule.forRoot({ server: name, level: 'silent', format: 'json' }),
        LinkModule.forRoot({ host: '127.0.0.1', port: 0, secrets: ['a secret of the tests'] }),
        FleetModule.forRoot({ type: 'game', name, games: GAMES, build: 'b1', region: 'eu', canary: true }),
      ],
    }).compile();
    const redis = module.get(RedisConnections);
    await redis.ready();
    await module.init();
    const changes: ServerChange[] = [];
    const events: FleetEvent[] = [];
    module.get(ServerDirectory).onChange((change) => changes.push(change));
    module.get(FleetEvents).on((event) => events.push(event));
    const made = {
      module,
      self: module.get(Self),
      registration: module.get(ServerRegistration),
      directory: module.get(ServerDirectory),
      redis,
      changes,
      events,
    };
    started.push(made);
    return made;
  }

  async function registered(name: string): Promise<TestServer> {
    const made = await server(name);
    await made.registration.register(ADDRESSES);
    await made.registration.setState('ready');
    return made;
  }

  it('stores its record as a hash under its server id, and adds the id to hf:servers', async () => {
    const { self, redis } = await registered(unique('record'));
    const fields = await redis.commands.hgetall(self.id);
    expect(fields).toMatchObject({
      type: 'game',
      name: self.name,
      state: 'ready',
      linkHost: '127.0.0.1',
      linkPort: '4001',
      opsPort: '4002',
      version: HOLDFAST_VERSION,
      build: 'b1',
      region: 'eu',
      canary: '1',
    });
    expect(JSON.parse(fields.games)).toEqual(GAMES);
    expect(Number(fields.incarnation)).toBe(self.incarnation);
    expect(Number(fields.startedAt)).toBeGreaterThan(1_600_000_000_000);
    expect(await redis.commands.sismember(serversKey(), self.id)).toBe(1);
  });

  it('appears in the directories of other servers until the server leaves the fleet', async () => {
    const watcher = await server(unique('watcher'));
    const guest = await registered(unique('guest'));
    const { id, incarnation } = guest.self;
    await eventually(() =>
      expect(watcher.directory.get(id)).toMatchObject({ state: 'ready', incarnation, games: GAMES, region: 'eu', canary: true }),
    );
    await guest.registration.setState('draining');
    await eventually(() => expect(watcher.directory.get(id)?.state).toBe('draining'));
    await guest.registration.leave();
    await eventually(() => expect(watcher.directory.get(id)).toBeUndefined());

    expect(
      watcher.changes
        .filter(({ server }) => server.id === id)
        .map(({ kind }) => kind)
        .join(' '),
    ).toMatch(/^registered (changed )+left$/);
    expect(watcher.events.filter(({ server }) => server === id).map(({ kind }) => kind)).toEqual(['registered', 'state', 'state', 'left']);
    expect(await watcher.redis.commands.exists(id)).toBe(0);
    expect(await watcher.redis.commands.sismember(serversKey(), id)).toBe(0);
  });

  it('appears in the directories of other servers even when the registration message is lost', async () => {
    const watcher = await server(unique('watcher'));
    const id = `hf:game:${unique('foreign')}` as ServerId;
    await watcher.redis.commands.hset(id, { type: 'game', name: 'foreign', state: 'ready', incarnation: 5, linkHost: 'h', linkPort: 1 });
    await watcher.redis.commands.sadd(serversKey(), id);
    await eventually(() => expect(watcher.directory.get(id)).toMatchObject({ incarnation: 5, games: {} }));
    await watcher.redis.commands.del(id);
    await watcher.redis.commands.srem(serversKey(), id);
  });

  it('restores its deleted record with an unchanged incarnation', async () => {
    const watcher = await server(unique('watcher'));
    const victim = await registered(unique('victim'));
    const { id, incarnation } = victim.self;
    const notices: string[] = [];
    victim.registration.onEvicted((notice) => void notices.push(notice));
    await eventually(() => expect(watcher.directory.get(id)).toBeDefined());

    await watcher.redis.commands.del(id, serversKey());
    await watcher.directory.refresh();
    expect(watcher.directory.get(id)).toBeDefined();
    await eventually(async () =>
      expect(await watcher.redis.commands.hgetall(id)).toMatchObject({ incarnation: String(incarnation), state: 'ready' }),
    );
    await eventually(async () => expect(await watcher.redis.commands.sismember(serversKey(), id)).toBe(1));
    expect(notices).toEqual([]);
    expect(watcher.changes.filter(({ server, kind }) => server.id === id && kind === 'left')).toEqual([]);
  });

  it('restores its id in hf:servers when only the id was removed', async () => {
    const { self, redis } = await registered(unique('unlisted'));
    await redis.commands.srem(serversKey(), self.id);
    await eventually(async () => expect(await redis.commands.sismember(serversKey(), self.id)).toBe(1));
  });

  it('notifies its listeners of an eviction before it registers with a higher incarnation', async () => {
    const condemned = await registered(unique('condemned'));
    const { id, incarnation } = condemned.self;
    const seen: unknown[] = [];
    condemned.registration.onEvicted((notice) => void seen.push(notice, condemned.self.state, condemned.self.incarnation));
    await condemned.redis.commands.hset(id, { state: 'dead' });

    await eventually(() => expect(condemned.self.incarnation).toBeGreaterThan(incarnation));
    expect(seen).toEqual(['condemned', 'dead', incarnation]);
    await eventually(async () => expect(await condemned.redis.commands.hget(id, 'state')).toBe('ready'));
  });

  it('cannot change the state in its record after an eviction', async () => {
    const condemned = await registered(unique('condemned'));
    await condemned.redis.commands.hset(condemned.self.id, { state: 'dead' });
    expect(await condemned.registration.setState('draining')).toBe(false);
  });

  it('does not register again after a newer process has taken its name', async () => {
    const name = unique('twin');
    const elder = await registered(name);
    const notices: string[] = [];
    elder.registration.onEvicted((notice) => void notices.push(notice));
    const newcomer = await registered(name);
    expect(newcomer.self.incarnation).toBeGreaterThan(elder.self.incarnation);
    await eventually(() => expect(notices).toEqual(['replaced']));
    await elder.registration.leave();
    expect(elder.module.get(Readiness).notReady()).toMatchObject({ fleet: expect.stringContaining('taken the name') });
    expect(Number(await newcomer.redis.commands.hget(newcomer.self.id, 'incarnation'))).toBe(newcomer.self.incarnation);
    expect(newcomer.self.state).toBe('ready');
  });

  it('keeps its incarnation when the store contains an older record after a data loss', async () => {
    const server = await registered(unique('fallback'));
    const { id, incarnation } = server.self;
    await server.redis.commands.hset(id, { incarnation: incarnation - 1000, state: 'dead' });
    await eventually(async () =>
      expect(await server.redis.commands.hgetall(id)).toMatchObject({ incarnation: String(incarnation), state: 'ready' }),
    );
  });

  it('does not remove its record when it stops after an eviction', async () => {
    const condemned = await registered(unique('condemned'));
    const { id } = condemned.self;
    const leaving = condemned.redis.commands.hset(id, { state: 'dead' });
    await Promise.all([leaving, condemned.registration.leave()]);
    expect(await condemned.redis.commands.hget(id, 'state')).toBe('dead');
    await condemned.redis.commands.del(id);
  });
});

describe('judgeOwnRecord', () => {
  it.each([
    [7, 7, 'ready', 'stands'],
    [7, 7, 'dead', 'condemned'],
    [7, null, null, 'lost'],
    [7, 6, 'dead', 'lost'],
    [7, 8, 'ready', 'replaced'],
    [7, 8, 'dead', 'replaced'],
  ] as const)(
    'for a process with incarnation %p, judges a record with incarnation %p and state %p as %s',
    (mine, found, state, verdict) => {
      expect(judgeOwnRecord(mine, found, state)).toBe(verdict);
    },
  );
});

let counter = 0;
function unique(prefix: string): string {
  counter += 1;
  return `${prefix}-${process.pid}-${counter}`;
}
