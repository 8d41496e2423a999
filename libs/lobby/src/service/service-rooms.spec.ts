import { randomUUID } from 'node:crypto';
import type { FleetLinks, ServerDirectory } from '#libs/fleet';
import type { LoadBalancerService } from '#libs/placement';
import { type Control, HoldfastError, type RoomId, type ServerId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { InviteCodes, RoomLog, RoomRecords, UserRooms } from '#libs/room-store';
import { GatewaySessionIndex, PendingAwayMarks, type SessionNotices, SessionStore, type UserDirectory } from '#libs/session';
import { Log } from '#libs/telemetry';
import type { GameCatalogue } from '../game-catalogue.js';
import { GameStarter } from '../game-starter.js';
import { MemberPresence } from '../member-presence.js';
import type { RoomOptionsCheck } from '../room-options-check.js';
import { RoomService } from '../room-service.js';
import { RoomWriter } from '../room-writer.js';
import type { UserTickets } from '../user-tickets.js';
import { IdempotentRequests } from './idempotent-requests.js';
import { type ServiceAnswer, ServiceRooms } from './service-rooms.js';

const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/7` });
beforeAll(async () => {
  await redis.ready();
  await redis.commands.flushdb();
});
afterAll(async () => {
  endDeath(new Error('The process is dead.'));
  await new Promise((resolve) => setImmediate(resolve));
  await redis.onApplicationShutdown();
});

const log = new Log({ server: 'hf:lobby:test', level: 'silent', format: 'json' });
const roomLog = new RoomLog(redis, { replicas: 0, replicasTimeoutMs: 100 });
const GAME_SERVER = serverId('game', 'a');
/**
 * At the end of the tests, rejects `death`. After a test has simulated the death of a lobby, the Redis commands of that lobby wait for this
 * promise. Its rejection ends the waits, so that no timer remains.
 */
let endDeath: (reason: Error) => void = () => {};
const death = new Promise<never>((_, reject) => {
  endDeath = reject;
});
death.catch(() => {});
const never = (): Promise<never> => death;

/** A lobby process that dies at a command of Redis: before the command is executed, or before its reply arrives. */
class Process {
  private commands = 0;
  hasDied = false;

  constructor(
    private readonly diesAt = Number.POSITIVE_INFINITY,
    private readonly isExecuted = false,
  ) {}

  readonly redis = { ...redis, commands: this.dying(redis.commands), appends: redis.appends } as unknown as RedisConnections;

  private dying(client: RedisConnections['commands']): RedisConnections['commands'] {
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function' || name === 'defineCommand' || typeof name === 'symbol') return value;
        return (...args: unknown[]): unknown => {
          this.commands += 1;
          if (this.hasDied || (this.commands === this.diesAt && !this.isExecuted)) {
            this.hasDied = true;
            return never();
          }
          const reply: unknown = value.apply(target, args);
          if (this.commands < this.diesAt) return reply;
          this.hasDied = true;
          return Promise.resolve(reply).then(never, never);
        };
      },
    });
  }

  /** The service API of this process. */
  readonly rooms = this.start();

  private start(): ServiceRooms {
    const records = new RoomRecords(this.redis);
    const userRooms = new UserRooms(this.redis);
    const invites = new InviteCodes(this.redis);
    const sessions = new SessionStore(this.redis, new GatewaySessionIndex(this.redis), new PendingAwayMarks(this.redis), {
      auth: { kind: 'guest' },
    });
    const games = { mustGet: () => ({ name: 'duel', seats: { min: 2, max: 4 } }), joinTermsOf: () => null } as unknown as GameCatalogue;
    const directory = { get: () => ({ id: GAME_SERVER, games: { duel: {} } }) } as unknown as ServerDirectory;
    const tickets = { end: async () => null } as unknown as UserTickets;
    const check = { refuseFlawed: async () => {} } as unknown as RoomOptionsCheck;
    const clock = { storeTime: () => Date.now() } as never;
    const writer = new RoomWriter(records, userRooms, log);
    const presence = new MemberPresence(writer, records, userRooms, tickets, this.redis);
    const service = new RoomService(writer, records, userRooms, games, tickets, directory, clock, check, invites, log);
    const links = {
      to: async () => ({
        request: async (_: string, { room, start }: Control['room.open']['data']) => {
          const opened = await roomLog.open(room, start, { server: GAME_SERVER as ServerId, incarnation: 1 }, null, 'none');
          if (!opened) throw new HoldfastError('room-unknown');
          return { news: opened.news };
        },
      }),
    } as unknown as FleetLinks;
    const balancer = { place: async () => ({ server: GAME_SERVER }), confirm: async () => {}, cancel: async () => {} };
    return new ServiceRooms(
      new IdempotentRequests(this.redis),
      service,
      writer,
      presence,
      records,
      userRooms,
      invites,
      games,
      check,
      new GameStarter(service, records, links, directory, log),
      balancer as unknown as LoadBalancerService,
      sessions,
      { send: async () => {} } as unknown as SessionNotices,
      { namesOf: async () => new Map() } as UserDirectory,
      log,
    );
  }
}

/** Frees the leases of dead processes. Otherwise they would expire only after some seconds. */
async function expireLeases(): Promise<void> {
  const leases = await redis.commands.keys('*:lease');
  if (leases.length > 0) await redis.commands.del(...leases);
}

/** Returns the ids of all rooms of which the user is a member. */
async function roomsOf(user: UserId): Promise<RoomId[]> {
  const records = new RoomRecords(redis);
  const all = await records.readMany(await records.list(10_000));
  return all.flatMap((record) => (record?.doc.members.some((member) => member.user === user) ? record.id : []));
}

/**
 * Runs this test for each Redis command of a request: runs the request in a process that dies at this command, and repeats the request in
 * another process. Returns the number of Redis commands.
 */
async function diesAtEachStep<Setup>(
  isExecuted: boolean,
  prepare: () => Promise<Setup>,
  request: (rooms: ServiceRooms, key: string, setup: Setup) => Promise<ServiceAnswer>,
  check: (answer: ServiceAnswer, setup: Setup) => Promise<void>,
): Promise<number> {
  for (let step = 1; ; step++) {
    const setup = await prepare();
    const key = randomUUID();
    const dying = new Process(step, isExecuted);
    const first = await answerOrDeath(dying, request(dying.rooms, key, setup));
    await expireLeases();
    const answer = await request(new Process().rooms, key, setup);
    if (first) expect(answer).toEqual(first);
    await check(answer, setup);
    // Every further repeat gets the same answer as the first repeat, also from another lobby.
    expect(await request(new Process().rooms, key, setup)).toEqual(answer);
    if (!dying.hasDied) return step - 1;
  }
}

/**
 * Returns the answer. Null: the process died before it sent the answer. In both cases, Redis has then executed all commands that it got
 * from the process.
 */
async function answerOrDeath(dying: Process, request: Promise<ServiceAnswer>): Promise<ServiceAnswer | null> {
  let answer: ServiceAnswer | undefined;
  request.then(
    (given) => {
      answer = given;
    },
    (error: unknown) => {
      if (!dying.hasDied) throw error;
    },
  );
  while (!dying.hasDied && answer === undefined) await new Promise((resolve) => setImmediate(resolve));
  await redis.commands.ping();
  await new Promise((resolve) => setImmediate(resolve));
  return answer ?? null;
}

describe.each([
  ['before any Redis command', false],
  ['before the reply to any Redis command', true],
])('a request of a service whose lobby dies %s of the request', (_, isExecuted) => {
  const newUsers = (): [UserId, UserId] => [`a-${randomUUID()}` as UserId, `b-${randomUUID()}` as UserId];
  const roomWith = async (users: readonly UserId[]): Promise<RoomId> =>
    (await new Process().rooms.create(randomUUID(), { game: 'duel', users: users.map((user) => ({ user })) })).id;

  it('creates only one room with all users when the request is repeated', async () => {
    const steps = await diesAtEachStep(
      isExecuted,
      async () => newUsers(),
      (rooms, key, users) => rooms.create(key, { game: 'duel', private: true, users: users.map((user) => ({ user })) }),
      async ({ id, room }, users) => {
        expect(room?.members.map(({ user }) => user)).toEqual(users);
        expect([await roomsOf(users[0]), await roomsOf(users[1])]).toEqual([[id], [id]]);
        expect(await new UserRooms(redis).get(users[1])).toEqual({ room: id, watching: false });
      },
    );
    expect(steps).toBeGreaterThan(10);
  });

  it('adds a user to the room only once when the request is repeated', async () => {
    const steps = await diesAtEachStep(
      isExecuted,
      async () => {
        const [host, user] = newUsers();
        return { room: await roomWith([host]), host, user };
      },
      (rooms, key, { room, user }) => rooms.put(key, room, { user }),
      async ({ room }, { host, user }) => {
        expect(room?.members.map((member) => member.user)).toEqual([host, user]);
        expect(await new UserRooms(redis).get(user)).toMatchObject({ watching: false });
      },
    );
    expect(steps).toBeGreaterThan(5);
  });

  it('removes a user from the room when the request is repeated', async () => {
    const steps = await diesAtEachStep(
      isExecuted,
      async () => {
        const users = newUsers();
        return { room: await roomWith(users), users };
      },
      (rooms, key, { room, users }) => rooms.take(key, room, users[0]),
      async ({ room }, { users }) => {
        expect(room?.members.map(({ user }) => user)).toEqual([users[1]]);
        expect(await new UserRooms(redis).get(users[0])).toBeNull();
      },
    );
    expect(steps).toBeGreaterThan(5);
  });

  it('closes the room when the request is repeated', async () => {
    const steps = await diesAtEachStep(
      isExecuted,
      async () => roomWith(newUsers()),
      (rooms, key, room) => rooms.end(key, room, true, never),
      async ({ room }, id) => {
        expect([room, await new RoomRecords(redis).read(id)]).toEqual([null, null]);
      },
    );
    expect(steps).toBeGreaterThan(3);
  });
});

describe('the start of a game by a service', () => {
  it('starts only one game, even when the request is repeated after the end of the game', async () => {
    const { rooms } = new Process();
    const users = [{ user: `a-${randomUUID()}` as UserId }, { user: `b-${randomUUID()}` as UserId }];
    const { id } = await rooms.create(randomUUID(), { game: 'duel', users });
    const key = randomUUID();
    const started = await rooms.start(key, id);
    expect(started.room?.status).toBe('playing');
    const record = await new RoomRecords(redis).read(id);
    await roomLog.abandon(id, { ...record!.owner!, epoch: record!.epoch }, { reason: 'operator' });
    expect(await new Process().rooms.start(key, id)).toEqual(started);
    expect(await new RoomRecords(redis).read(id)).toMatchObject({ status: 'waiting', round: 1 });
  });
});
