import { randomUUID } from 'node:crypto';
import { FleetLinks, Self, ServerDirectory } from '#libs/fleet';
import { REQUEST_TIMEOUT_MS_DEFAULT } from '#libs/link';
import { DefaultMatchStrategy, MATCH_ABANDONED_MS, type MatchRecord, MatchRounds, RedisRatingStore, TicketStore } from '#libs/matchmaking';
import { LoadBalancerService, type PlacementRequest } from '#libs/placement';
import {
  type Caller,
  type Control,
  HoldfastError,
  type MatchRules,
  type MatchWish,
  matchRules,
  type RequestOrder,
  type RoomId,
  type ServerId,
  type SessionId,
  serverId,
  type UserId,
} from '#libs/protocol';
import { PubSub, RedisConnections, redisName, StoreClock } from '#libs/redis';
import {
  allListedKey,
  InviteCodes,
  inviteKey,
  RoomLog,
  type RoomRecord,
  RoomRecords,
  roomKey,
  roomsKey,
  type StoreGeneration,
  UserRooms,
  viewOf,
} from '#libs/room-store';
import { GatewaySessionIndex, PendingAwayMarks, SessionNotices, SessionStore } from '#libs/session';
import type { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { until } from '../../../tools/process/until.mjs';
import { DissolvedMatches } from './dissolved-matches.js';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { ListedRooms } from './listed-rooms.js';
import { HOST_GRACE_MS, type LobbyOptions, START_ABANDONED_MS, STRAY_AFTER_MS, SWEEP_ROOMS } from './lobby.options.js';
import { MatchNotifier } from './match-notifier.js';
import { MatchRooms } from './match-rooms.js';
import { Matchmaker } from './matchmaker.js';
import { MemberPresence } from './member-presence.js';
import { OpenRooms } from './open-rooms.js';
import { RoomHosting } from './room-hosting.js';
import { RoomList } from './room-list.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { newRoom } from './room-rules.js';
import { RoomSearch } from './room-search.js';
import { RoomService } from './room-service.js';
import { RoomSweeper } from './room-sweeper.js';
import { RoomWriter } from './room-writer.js';
import { UserTickets } from './user-tickets.js';

// A separate database, because the sweeper reads all rooms.
const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/6` });
/** The Redis connections of another process. */
const elsewhere = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/6` });
const pubSub = new PubSub(redis);
const log = new Log({ server: 'hf:lobby:test', level: 'silent', format: 'json' });
const records = new RoomRecords(redis);
const generation = { onConnected: () => {}, current: 'run', isSettled: true } as unknown as StoreGeneration;
const invites = new InviteCodes(redis);
/** The lobbies of a test. They stop after the test, so that they run no matchmaking rounds in later tests. */
const lobbies: { stop(): Promise<void> }[] = [];
const userRooms = new UserRooms(redis);
const sessions = new SessionStore(redis, new GatewaySessionIndex(redis), new PendingAwayMarks(redis), { auth: { kind: 'guest' } });
const roomLog = new RoomLog(redis, { replicas: 0, replicasTimeoutMs: 100 });

beforeAll(async () => {
  await Promise.all([redis.ready(), elsewhere.ready()]);
  await redis.commands.flushdb();
});
afterEach(async () => {
  await Promise.all(lobbies.splice(0).map((lobby) => lobby.stop()));
});
afterAll(() => {
  for (const connections of [redis, elsewhere]) connections.onApplicationShutdown();
});

/** Maximum number of Redis commands for a page of 100 rooms: the reads of the page's entries and of their records. */
const LIST_COMMANDS_MAX = 101;

const DUEL = { duel: { seats: { min: 2, max: 4 } } };
const PUZZLE = { puzzle: { seats: { min: 1, max: 2 }, options: true } };

/** Fake game servers: each server opens the room in Redis, unless `trouble` replaces the opening. */
class GameServers {
  readonly asked: string[] = [];
  cancelled: RoomId[] = [];
  names = ['a', 'b', 'c', 'd', 'e'];
  /** The function that a fake server runs when it gets the request to open a room. `take` opens the room. Default: only opens the room. */
  trouble: (server: string, take: () => Promise<unknown>) => Promise<unknown> = (_, take) => take();

  /** The fake servers whose release of Holdfast supports options of rooms. */
  withOptions = this.names;
  readonly openings: Control['room.open']['data'][] = [];
  /** The rooms about which lobbies have sent `room.members-removed` to game servers. */
  readonly removals: RoomId[] = [];
  /** The answer of a game server when a lobby asks it to validate options. */
  checkOptions: (server: string, options: unknown) => { flaw: string | null } = () => ({ flaw: null });

  readonly balancer = {
    place: async (request: PlacementRequest) => {
      this.wishes.push(request);
      const { exclude = [] } = request;
      const server = this.names.map((name) => serverId('game', name)).find((id) => !exclude.includes(id));
      if (!server) throw new HoldfastError('no-capacity');
      return { server };
    },
    confirm: async () => {},
    cancel: async (room: RoomId) => void this.cancelled.push(room),
  } as unknown as LoadBalancerService;

  /** The time for which the game may load its data, in ms. */
  loadMs = 0;
  /** The timeouts of the requests that lobbies have sent to servers, in ms. */
  readonly timeouts: (number | undefined)[] = [];
  /** False: the answers of servers lack the published message about the room, as in an older release. */
  tellsNews = true;
  /** The region of the gateways. */
  region = '';
  /** The latest requests to placement. */
  wishes: PlacementRequest[] = [];

  /** The rules of matches. Absent: the default rules. */
  match?: MatchRules;

  private get duel(): object {
    return { duel: { ...DUEL.duel, ...(this.loadMs > 0 && { loadMs: this.loadMs }), ...(this.match && { match: this.match }) } };
  }

  readonly directory = {
    get: (id: string) => ({
      id,
      region: this.region,
      games: { ...this.duel, ...(this.withOptions.some((name) => id === serverId('game', name)) && PUZZLE) },
    }),
    byType: () =>
      this.names.map((name) => ({
        id: serverId('game', name),
        state: 'ready',
        games: { ...this.duel, ...(this.withOptions.includes(name) && PUZZLE) },
      })),
  } as unknown as ServerDirectory;

  readonly links = {
    to: async ({ id }: { id: string }) => ({
      emit: (_pattern: string, { room }: { room: RoomId }) => void this.removals.push(room),
      request: async (pattern: string, data: unknown, { timeoutMs }: { timeoutMs?: number } = {}) => {
        this.timeouts.push(timeoutMs);
        this.asked.push(id);
        if (pattern === 'game.check-options') return this.checkOptions(id, (data as Control['game.check-options']['data']).options);
        const opening = data as Control['room.open']['data'];
        const { room, start } = opening;
        this.openings.push(opening);
        return this.trouble(id, async () => {
          const opened = await roomLog.open(room, start, { server: id as ServerId, incarnation: 1 }, null, 'none');
          if (!opened) throw new HoldfastError('room-unknown');
          return this.tellsNews ? { news: opened.news } : {};
        });
      },
    }),
  } as unknown as FleetLinks;
}

function newLobby(change: Partial<LobbyOptions> = {}, servers = new GameServers()) {
  const options: LobbyOptions = { roomIdleMs: 600_000, seatGraceMs: 60_000, matchWaitMs: 60_000, roomsListedMax: 100, ...change };
  const games = new GameCatalogue(servers.directory);
  const tickets = new TicketStore(redis, generation);
  const notifier = new MatchNotifier(new SessionNotices(pubSub), sessions);
  const dissolved = new DissolvedMatches(tickets, userRooms, notifier, log);
  const userTickets = new UserTickets(tickets, userRooms, notifier, dissolved);
  const optionsCheck = new RoomOptionsCheck(servers.directory, servers.links);
  const clock = new StoreClock(redis);
  const writer = new RoomWriter(records, userRooms, log);
  const presence = new MemberPresence(writer, records, userRooms, userTickets, redis);
  const rooms = new RoomService(writer, records, userRooms, games, userTickets, servers.directory, clock, optionsCheck, invites, log);
  const hosting = new RoomHosting(rooms, writer, records, invites, optionsCheck, servers.directory, servers.links);
  const search = new RoomSearch(new ListedRooms(records), options);
  const list = new RoomList(records, clock, search, options);
  const starter = new GameStarter(rooms, records, servers.links, servers.directory, log);
  const open = new OpenRooms(tickets, records);
  const matches = new MatchRooms(
    tickets,
    dissolved,
    rooms,
    writer,
    records,
    userRooms,
    starter,
    games,
    notifier,
    servers.balancer,
    open,
    log,
    options,
  );
  const self = { id: serverId('lobby', randomUUID()) } as Self;
  const rounds = new MatchRounds(redis, pubSub, tickets, new DefaultMatchStrategy(), matches, generation, self, log, { graceMs: 60_000 });
  const maker = new Matchmaker(
    tickets,
    rounds,
    matches,
    userTickets,
    dissolved,
    notifier,
    rooms,
    records,
    userRooms,
    games,
    optionsCheck,
    new RedisRatingStore(redis),
    options,
  );
  rounds.onApplicationBootstrap();
  lobbies.push({ stop: () => rounds.onModuleDestroy() });
  const matchmaker = Object.assign(maker, {
    /** Starts a search, and returns the room of the match. Null: no match was found yet. */
    search: async (caller: Caller, wish: Partial<MatchWish> = {}): Promise<RoomRecord | null> => {
      const found = await maker.find(caller, { game: 'duel', ...wish });
      return 'room' in found ? found.room : null;
    },
  });
  const settlement = { isSettled: true } as StoreSettlement;
  const sweeper = new RoomSweeper(
    redis,
    records,
    rooms,
    writer,
    presence,
    starter,
    userRooms,
    sessions,
    servers.directory,
    log,
    options,
    settlement,
    invites,
    games,
  );
  return { servers, tickets, userTickets, rooms, presence, hosting, list, search, starter, matchmaker, matches, rounds, sweeper };
}

/** Returns a function that gives the caller's requests increasing numbers. */
function asks(caller: Caller): () => Caller {
  let number = 0;
  return () => {
    number += 1;
    return { ...caller, asked: { turn: 1, number } };
  };
}

function newCaller(name = 'someone'): Caller {
  const user = `${name}-${randomUUID()}` as UserId;
  return { user, name, session: `s-${user}` as SessionId, gateway: serverId('gateway', 'test') };
}

function newCallers(count: number): Caller[] {
  return Array.from({ length: count }, (_, index) => newCaller(`p${index}`));
}

async function mustRead(id: RoomId): Promise<RoomRecord> {
  const record = await records.read(id);
  if (!record) throw new Error(`no room ${id}`);
  return record;
}

function codeOf(reason: unknown): string {
  return reason instanceof HoldfastError ? reason.code : String(reason);
}

/** Commits a match of these callers. The lobby dies before it makes the room of the match. */
async function committed(tickets: TicketStore, callers: readonly Caller[], stage: MatchRecord['stage'] = 'making') {
  const id = `match-${randomUUID()}` as RoomId;
  const all = callers.map((caller) => ({ id: randomUUID() as string, game: 'duel', players: [caller], since: 0 }));
  for (const ticket of all) await tickets.add(ticket, { event: 'cancelled', reason: 'entered-room' });
  const changes = await tickets.readChanges('duel', 0);
  const claim = await tickets.claimRounds('duel', 'a lobby that dies', 1);
  const match: MatchRecord = { id, game: 'duel', stage, at: 0, tickets: all.map((one) => one.id), players: all.length };
  const taken = changes.filter((one) => match.tickets.includes(one.id));
  expect(await tickets.commit('duel', claim!.fence, [{ match, tickets: taken }])).toEqual([null]);
  return { match, all };
}

/** Sets the monotonic clock of this process ahead by `ms`. */
function pass(ms: number): void {
  passedMs += ms;
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic() + passedMs);
}

const monotonic = performance.now.bind(performance);
let passedMs = 0;
afterEach(() => {
  passedMs = 0;
  jest.restoreAllMocks();
});

/** Makes all times in the room's record older by `ms`, as if the clock of Redis had been set ahead. */
async function setRedisAhead(id: RoomId, ms: number): Promise<void> {
  const { since, doc } = await mustRead(id);
  const members = doc.members.map((member) => ({
    ...member,
    ...(member.awaySince !== undefined && { awaySince: member.awaySince - ms }),
  }));
  await redis.commands.hset(roomKey(id), 'since', since - ms, 'doc', JSON.stringify({ ...doc, members }));
}

describe('a private room', () => {
  it('keeps its invite code when the creation is repeated after a data loss of the store', async () => {
    const { rooms } = newLobby();
    const host = { ...newCaller(), asked: { turn: 1, number: 1 } };
    const first = await rooms.create(host, { game: 'duel', private: true });
    const again = await rooms.create(host, { game: 'duel', private: true });
    expect(again).toMatchObject({ id: first.id, doc: { code: first.doc.code } });
    await redis.commands.del(roomKey(first.id));
    const lost = await rooms.create(host, { game: 'duel', private: true });
    expect(lost).toMatchObject({ id: first.id, doc: { code: first.doc.code } });
    expect(await rooms.find({ code: first.doc.code })).toMatchObject({ id: first.id });
  });

  it('is found only by its current code', async () => {
    const { rooms } = newLobby();
    const [host, guest] = newCallers(2) as [Caller, Caller];
    const room = await rooms.create(host, { game: 'duel', private: true });
    const code = room.doc.code as string;
    await rooms.leave(host);
    await expect(rooms.find({ code })).rejects.toMatchObject({ code: 'invite-unknown' });
    await redis.commands.set(inviteKey(code), room.id);
    const { id, shown } = await rooms.find({ code });
    await expect(rooms.join(guest, id, shown)).rejects.toMatchObject({ code: 'invite-unknown' });
    const other = await rooms.create(host, { game: 'duel', private: true });
    await redis.commands.set(inviteKey(code), other.id);
    await expect(rooms.join(guest, other.id, { code })).rejects.toMatchObject({ code: 'invite-unknown' });
    expect(await rooms.whereIs(guest.user)).toBeNull();
  });

  it('has its invite code again after a sweep when the store lost the code', async () => {
    const { rooms, sweeper } = newLobby();
    const room = await rooms.create(newCaller(), { game: 'duel', inviteOnly: true });
    await redis.commands.del(inviteKey(room.doc.code as string));
    await sweeper.sweep();
    expect(await rooms.find({ code: room.doc.code })).toMatchObject({ id: room.id });
  });

  it('refuses the former password, but admits a returning member without a password', async () => {
    const { rooms, hosting } = newLobby();
    const [host, guest, late] = newCallers(3) as [Caller, Caller, Caller];
    const room = await rooms.create(host, { game: 'duel', password: 'first' });
    await rooms.join(guest, room.id, { password: 'first' });
    await hosting.update(host, { password: 'second' });
    await expect(rooms.join(late, room.id, { password: 'first' })).rejects.toMatchObject({ code: 'wrong-password' });
    await rooms.join(late, room.id, { password: 'second' });
    // A member needs no password to join again.
    await rooms.join(guest, room.id);
    expect((await mustRead(room.id)).doc.members).toHaveLength(3);
  });

  it('enters and leaves the list of public rooms when the host changes its privacy', async () => {
    const { rooms, hosting, list } = newLobby();
    const host = newCaller();
    const room = await rooms.create(host, { game: 'duel' });
    const isListed = async (): Promise<boolean> => (await list.page({ game: 'duel' })).rooms.some(({ id }) => id === room.id);
    expect(await isListed()).toBe(true);
    const hidden = await hosting.update(host, { private: true });
    expect(hidden.doc.code).toMatch(/^\w{8}$/);
    expect(await isListed()).toBe(false);
    expect(await redis.commands.zscore(allListedKey(), room.id)).toBeNull();
    const shown = await hosting.update(host, { private: false });
    expect(shown.doc.code).toBe(hidden.doc.code);
    expect(await isListed()).toBe(true);
  });
});

describe('the host of a room', () => {
  it('makes only one member the new host when two lobbies handle requests for different new hosts at the same time', async () => {
    const [one, other] = [newLobby(), newLobby()];
    const callers = newCallers(3) as [Caller, Caller, Caller];
    const room = await one.rooms.create(callers[0], { game: 'duel', seats: 3 });
    for (const guest of callers.slice(1)) await one.rooms.join(guest, room.id);
    const outcomes = await Promise.allSettled([
      one.hosting.handOver(callers[0], { user: callers[1].user }),
      other.hosting.handOver(callers[0], { user: callers[2].user }),
    ]);
    const { host } = (await mustRead(room.id)).doc;
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(host).not.toBe(callers[0].user);
  });

  it('removes a member only once when the request arrives twice', async () => {
    const { rooms, hosting } = newLobby();
    const [host, guest] = newCallers(2) as [Caller, Caller];
    const room = await rooms.create(host, { game: 'duel' });
    await rooms.join(guest, room.id);
    for (let times = 0; times < 2; times++) await hosting.kick(host, { user: guest.user });
    expect((await mustRead(room.id)).doc).toMatchObject({ members: [{ user: host.user }], kicked: [guest.user] });
    expect(await userRooms.get(guest.user)).toBeNull();
    expect(await rooms.roomOf(host)).toMatchObject({ id: room.id });
  });

  it('can remove a player during a game, and the lobby then notifies the game server', async () => {
    const { rooms, hosting, starter, servers } = newLobby();
    const [host, guest] = newCallers(2) as [Caller, Caller];
    const room = await rooms.create(host, { game: 'duel' });
    await rooms.join(guest, room.id);
    await rooms.setReady(guest, true);
    await starter.start(await mustRead(room.id), host.user, servers.balancer);
    await hosting.kick(host, { user: guest.user, ban: true });
    await until(() => servers.removals.length > 0);
    expect(servers.removals).toEqual([room.id]);
    expect((await mustRead(room.id)).doc.players).toEqual([host.user, guest.user]);
  });

  it('is replaced by the next member after an absence that exceeds the grace period', async () => {
    const { rooms, sweeper, presence } = newLobby();
    const [host, guest] = newCallers(2) as [Caller, Caller];
    const room = await rooms.create(host, { game: 'duel' });
    await rooms.join(guest, room.id);
    await presence.set(room.id, host.user, false);
    await sweeper.sweep();
    expect((await mustRead(room.id)).doc.host).toBe(host.user);
    await setRedisAhead(room.id, HOST_GRACE_MS + 1_000);
    await sweeper.sweep();
    expect((await mustRead(room.id)).doc.host).toBe(guest.user);
  });
});

describe('a rematch', () => {
  it('starts only one game when the last two members agree at the same time', async () => {
    const { rooms, starter, servers } = newLobby();
    const [host, guest] = newCallers(2) as [Caller, Caller];
    const room = await rooms.create(host, { game: 'duel', seats: 2 });
    await rooms.join(guest, room.id);
    await expect(starter.rematch(host, servers.balancer)).rejects.toMatchObject({ code: 'bad-data' });
    await redis.commands.hset(roomKey(room.id), 'round', 1);
    const after = await Promise.all([starter.rematch(host, servers.balancer), starter.rematch(guest, servers.balancer)]);
    expect(after.some(({ status }) => status === 'playing' || status === 'starting')).toBe(true);
    expect(servers.openings).toHaveLength(1);
    expect((await mustRead(room.id)).status).toBe('playing');
  });

  it('starts only when all members who are present agree', async () => {
    const { rooms, starter, servers } = newLobby();
    const [host, guest] = newCallers(2) as [Caller, Caller];
    const room = await rooms.create(host, { game: 'duel' });
    await rooms.join(guest, room.id);
    await redis.commands.hset(roomKey(room.id), 'round', 1);
    expect(await starter.rematch(guest, servers.balancer)).toMatchObject({ status: 'waiting' });
    expect(servers.openings).toEqual([]);
  });
});

describe('a room with options', () => {
  it('passes its options to the game server', async () => {
    const { rooms, starter, servers } = newLobby();
    const host = newCaller();
    const room = await rooms.create(host, { game: 'puzzle', options: { fen: 'any' } });
    expect(viewOf(room).options).toEqual({ fen: 'any' });
    await starter.start(room, host.user, servers.balancer);
    expect(servers.openings).toEqual([expect.objectContaining({ room: room.id, options: { fen: 'any' } })]);
  });

  it('is not created when the game refuses the options or supports no options', async () => {
    const { rooms, servers } = newLobby();
    servers.checkOptions = () => ({ flaw: 'fen: no king' });
    const host = newCaller();
    await expect(rooms.create(host, { game: 'puzzle', options: { fen: 'any' } })).rejects.toMatchObject({
      code: 'bad-data',
      message: 'The options of the room are refused: fen: no king',
    });
    await expect(rooms.create(host, { game: 'duel', options: {} })).rejects.toMatchObject({
      code: 'bad-data',
      message: "The game 'duel' takes no options.",
    });
    expect(await rooms.whereIs(host.user)).toBeNull();
  });

  it('is created when a server is lost during the check of its options', async () => {
    const { rooms, servers } = newLobby();
    servers.checkOptions = (server) => {
      if (server === serverId('game', 'a')) throw new HoldfastError('server-lost');
      return { flaw: null };
    };
    await expect(rooms.create(newCaller(), { game: 'puzzle', options: {} })).resolves.toMatchObject({ status: 'waiting' });
    servers.checkOptions = () => {
      throw new HoldfastError('server-lost');
    };
    await expect(rooms.create(newCaller(), { game: 'puzzle', options: {} })).rejects.toMatchObject({ code: 'server-lost' });
  });

  it('is not opened by a game server of a release without room options', async () => {
    const { rooms, starter, servers } = newLobby();
    servers.withOptions = ['b'];
    const host = newCaller();
    const room = await rooms.create(host, { game: 'puzzle', options: {} });
    servers.asked.length = 0;
    await starter.start(room, host.user, servers.balancer);
    expect(servers.asked).toEqual([serverId('game', 'b')]);
  });
});

describe('the rooms of several lobbies', () => {
  it('never have more members than seats when many users join at the same time', async () => {
    const lobbies = [newLobby(), newLobby()];
    const host = newCaller();
    const { id } = await lobbies[0].rooms.create(host, { game: 'duel', seats: 4 });
    const callers = newCallers(9);
    const outcomes = await Promise.allSettled(callers.map((caller, index) => lobbies[index % 2].rooms.join(caller, id)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [codeOf(outcome.reason)] : []));
    expect(new Set(refused)).toEqual(new Set(['room-full']));
    const { doc } = await mustRead(id);
    expect(new Set(doc.members.map(({ user }) => user)).size).toBe(4);
    // A user who was refused is in no room, and may join another room.
    const loser = callers[outcomes.findIndex(({ status }) => status === 'rejected')];
    expect(await lobbies[0].rooms.whereIs(loser.user)).toBeNull();
    await expect(lobbies[0].rooms.create(loser, { game: 'duel' })).resolves.toMatchObject({ status: 'waiting' });
  });

  it('contain a user only once when two joins of the user run at the same time', async () => {
    const { rooms } = newLobby();
    const { id } = await rooms.create(newCaller(), { game: 'duel' });
    const caller = newCaller();
    await Promise.all([rooms.join(caller, id), rooms.join(caller, id)]);
    expect((await mustRead(id)).doc.members).toHaveLength(2);
  });

  it('are created and left only once when the lobby gets each request twice', async () => {
    const { rooms } = newLobby();
    const caller = { ...newCaller(), asked: { turn: 1, number: 1 } };
    const made = await rooms.create(caller, { game: 'duel' });
    expect((await rooms.create(caller, { game: 'duel' })).id).toBe(made.id);
    const next = { ...caller, asked: { turn: 1, number: 2 } };
    await expect(rooms.create(next, { game: 'duel' })).rejects.toMatchObject({ code: 'already-in-room' });
    await rooms.join(newCaller(), made.id);
    const leaving = { ...caller, asked: { turn: 1, number: 3 }, room: { id: made.id, watching: false } };
    expect(await rooms.leave(leaving)).toBe(made.id);
    expect(await rooms.leave(leaving)).toBe(made.id);
    expect((await mustRead(made.id)).doc.members).toHaveLength(1);
  });

  it('refuse a user who is still a member of another room', async () => {
    const { rooms } = newLobby();
    const first = await rooms.create(newCaller(), { game: 'duel' });
    const second = await rooms.create(newCaller(), { game: 'duel' });
    const caller = newCaller();
    await rooms.join(caller, first.id);
    await expect(rooms.join(caller, second.id)).rejects.toMatchObject({ code: 'already-in-room' });
    await expect(rooms.watch(caller, second.id)).rejects.toMatchObject({ code: 'already-in-room' });
    await expect(rooms.create(caller, { game: 'duel' })).rejects.toMatchObject({ code: 'already-in-room' });
    expect(await rooms.whereIs(caller.user)).toMatchObject({ record: { id: first.id }, watching: false });
    expect(await rooms.leave(caller)).toBe(first.id);
    await rooms.join(caller, second.id);
    expect((await mustRead(first.id)).doc.members).toHaveLength(1);
  });

  it('keep a member when a lobby handles an outdated request to leave an earlier room', async () => {
    const { rooms } = newLobby();
    const [first, second] = await Promise.all([rooms.create(newCaller(), { game: 'duel' }), rooms.create(newCaller(), { game: 'duel' })]);
    const caller = newCaller();
    await rooms.join(caller, first.id);
    const asked = { ...caller, room: { id: first.id, watching: false } };
    await rooms.leave(asked);
    await rooms.join(caller, second.id);
    await expect(rooms.leave(asked)).rejects.toMatchObject({ code: 'not-in-room' });
    expect(await rooms.whereIs(caller.user)).toMatchObject({ record: { id: second.id } });
    expect((await mustRead(second.id)).doc.members.map(({ user }) => user)).toContain(caller.user);
  });

  it('let their members enter other rooms after the rooms have closed', async () => {
    const { rooms } = newLobby();
    const caller = newCaller();
    const { id } = await rooms.create(caller, { game: 'duel' });
    await records.close(await mustRead(id), 'room-expired');
    await expect(rooms.create(caller, { game: 'duel' })).resolves.toMatchObject({ status: 'waiting' });
  });

  it('close when the last member leaves, even when all members leave at the same time', async () => {
    const { rooms } = newLobby();
    const callers = newCallers(4);
    const { id } = await rooms.create(callers[0], { game: 'duel' });
    for (const caller of callers.slice(1)) await rooms.join(caller, id);
    await Promise.all(callers.map((caller) => rooms.leave(caller)));
    expect(await records.read(id)).toBeNull();
    await expect(rooms.leave(callers[0])).rejects.toMatchObject({ code: 'not-in-room' });
  });

  it('stay open while their game runs, even without members', async () => {
    const { rooms } = newLobby();
    const caller = newCaller();
    const { id } = await rooms.create(caller, { game: 'duel' });
    await records.save(await mustRead(id), { status: 'playing' });
    await rooms.leave(caller);
    expect((await mustRead(id)).doc.members).toEqual([]);
  });

  it('are listed by game, up to the requested number, only if they are public', async () => {
    const { rooms, list } = newLobby();
    const shown = await rooms.create(newCaller(), { game: 'duel', name: 'shown' });
    const hidden = await rooms.create(newCaller(), { game: 'duel', private: true });
    await records.enlist('never-made' as RoomId, 'duel', Date.now());
    const listed = (await list.page({ game: 'duel' })).rooms.map(({ id }) => id);
    expect(listed).toContain(shown.id);
    expect(listed).not.toContain(hidden.id);
    expect(await list.page({ game: 'chess' })).toEqual({ rooms: [] });
    expect((await list.page({ limit: 1 })).rooms).toHaveLength(1);
  });

  it('cannot be created for a game that no server offers', async () => {
    await expect(newLobby().rooms.create(newCaller(), { game: 'none' })).rejects.toMatchObject({ code: 'unknown-game' });
  });
});

describe('the start of a game', () => {
  async function readyRoom({ rooms }: ReturnType<typeof newLobby>): Promise<{ room: RoomRecord; host: Caller }> {
    const [host, other] = newCallers(2);
    const { id } = await rooms.create(host, { game: 'duel' });
    await rooms.join(other, id);
    await rooms.setReady(other, true);
    return { room: await mustRead(id), host };
  }

  it('ends when the host cancels the start during the wait for capacity', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    const next = asks(host);
    next();
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    const real = lobby.servers.balancer.place;
    lobby.servers.balancer.place = async (request, wait) => {
      lobby.servers.balancer.place = real;
      await promise;
      await wait?.stillWanted?.();
      return real(request, wait);
    };
    const start = lobby.starter.start(room, host.user, lobby.servers.balancer);
    await until(async () => (await mustRead(room.id)).status === 'starting');
    expect(await lobby.starter.cancel(next(), lobby.servers.balancer)).toMatchObject({ status: 'waiting' });
    const again = await lobby.starter.start(await mustRead(room.id), host.user, lobby.servers.balancer);
    expect(again.status).toBe('playing');
    lobby.servers.cancelled = [];
    resolve();
    await expect(start).rejects.toMatchObject({ code: 'overtaken' });
    expect(lobby.servers.cancelled).toEqual([]);
    expect(await lobby.starter.cancel(next(), lobby.servers.balancer)).toMatchObject({ status: 'playing' });
  });

  it('changes nothing when the start is cancelled before the lobby writes the room', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    const next = asks(host);
    const starts = next();
    await lobby.starter.cancel(next(), lobby.servers.balancer);
    const stillWanted = () => lobby.rooms.refuseLate(starts);
    await expect(lobby.starter.start(room, host.user, lobby.servers.balancer, { stillWanted })).rejects.toMatchObject({
      code: 'overtaken',
    });
    expect(await mustRead(room.id)).toMatchObject({ status: 'waiting' });
    await expect(lobby.starter.cancel(newCaller(), lobby.servers.balancer)).rejects.toMatchObject({ code: 'not-in-room' });
  });

  it('opens only one game when two requests run at the same time', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    const starts = await Promise.allSettled([1, 2].map(() => lobby.starter.start(room, host.user, lobby.servers.balancer)));
    expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await mustRead(room.id)).toMatchObject({ status: 'playing', doc: { players: room.doc.members.map(({ user }) => user) } });
    expect(lobby.servers.asked).toHaveLength(1);
  });

  it('returns the current room record even when no message of the game server arrives', async () => {
    const lobby = newLobby();
    const plain = await readyRoom(lobby);
    const started = await lobby.starter.start(plain.room, plain.host.user, lobby.servers.balancer);
    expect(started).toEqual(await mustRead(plain.room.id));
    expect(started).toMatchObject({ status: 'playing', owner: { server: 'hf:game:a', incarnation: 1 }, durability: 'none' });

    lobby.servers.tellsNews = false;
    const unreported = await readyRoom(lobby);
    expect(await lobby.starter.start(unreported.room, unreported.host.user, lobby.servers.balancer)).toEqual(
      await mustRead(unreported.room.id),
    );

    lobby.servers.tellsNews = true;
    const left = await readyRoom(lobby);
    const [, other] = left.room.doc.members;
    lobby.servers.trouble = async (_, take) => {
      await lobby.presence.gone(left.room.id, other.user);
      return take();
    };
    const without = await lobby.starter.start(left.room, left.host.user, lobby.servers.balancer);
    expect(without).toEqual(await mustRead(left.room.id));
    expect(without.doc.members.map(({ user }) => user)).toEqual([left.host.user]);
  });

  it('is repeated on another server when the first server is lost or full', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    const codes = new Map([
      ['hf:game:a', 'server-lost'],
      ['hf:game:b', 'no-capacity'],
    ]);
    lobby.servers.trouble = (server, take) => (codes.has(server) ? Promise.reject(new HoldfastError(codes.get(server) as string)) : take());
    const started = await lobby.starter.start(room, host.user, lobby.servers.balancer);
    expect(started.owner?.server).toBe('hf:game:c');
    const failing = newLobby();
    const second = await readyRoom(failing);
    failing.servers.trouble = () => Promise.reject(new HoldfastError('game-failed'));
    await expect(failing.starter.start(second.room, second.host.user, failing.servers.balancer)).rejects.toMatchObject({
      code: 'game-failed',
    });
    expect(failing.servers.asked).toHaveLength(1);
  });

  it('is cancelled when the game refuses the start, and all members see the code of the refusal', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    lobby.servers.trouble = () => Promise.reject(new HoldfastError('no-deck', 'Bob has no deck.', { retry: false }));
    await expect(lobby.starter.start(room, host.user, lobby.servers.balancer)).rejects.toMatchObject({ code: 'no-deck' });
    expect(lobby.servers.asked).toHaveLength(1);
    const waiting = await mustRead(room.id);
    expect(viewOf(waiting)).toMatchObject({ status: 'waiting', startFailure: { code: 'no-deck', message: 'Bob has no deck.' } });
    lobby.servers.trouble = (_, take) => take();
    const started = await lobby.starter.start(waiting, host.user, lobby.servers.balancer);
    expect(viewOf(started)).not.toHaveProperty('startFailure');
  });

  it("waits for the load of the game's data", async () => {
    const lobby = newLobby();
    lobby.servers.loadMs = 30_000;
    const { room, host } = await readyRoom(lobby);
    await lobby.starter.start(room, host.user, lobby.servers.balancer);
    expect(lobby.servers.timeouts.at(-1)).toBe(REQUEST_TIMEOUT_MS_DEFAULT + 30_000);
    const failing = newLobby();
    const second = await readyRoom(failing);
    failing.servers.trouble = () => Promise.reject(new HoldfastError('load-failed'));
    await expect(failing.starter.start(second.room, second.host.user, failing.servers.balancer)).rejects.toMatchObject({
      code: 'load-failed',
    });
    expect(failing.servers.asked).toHaveLength(1);
  });

  it('returns the room with its ready members to the status `waiting` when no server accepts the game', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    lobby.servers.trouble = () => Promise.reject(new HoldfastError('no-capacity'));
    await expect(lobby.starter.start(room, host.user, lobby.servers.balancer)).rejects.toMatchObject({ code: 'no-capacity' });
    expect(await mustRead(room.id)).toMatchObject({ status: 'waiting' });
    expect(lobby.servers.cancelled).toEqual([room.id]);
    lobby.servers.trouble = (_, take) => take();
    await expect(lobby.starter.start(await mustRead(room.id), host.user, lobby.servers.balancer)).resolves.toMatchObject({
      status: 'playing',
    });
  });

  it('succeeds when only the answer of the game server is lost', async () => {
    const lobby = newLobby();
    const { room, host } = await readyRoom(lobby);
    lobby.servers.trouble = async (_, take) => {
      await take();
      throw new HoldfastError('server-lost');
    };
    const started = await lobby.starter.start(room, host.user, lobby.servers.balancer);
    expect(started).toMatchObject({ status: 'playing', owner: { server: 'hf:game:a' } });
    expect(lobby.servers.cancelled).toEqual([]);
  });
});

describe('a match of waiting players', () => {
  // Removes the tickets, because they would be matched with tickets of later tests.
  afterEach(() => redis.commands.flushdb());

  it('starts a game for the players', async () => {
    const { matchmaker } = newLobby();
    const [first, second] = newCallers(2);
    expect(await matchmaker.search(first)).toBeNull();
    const started = await matchmaker.search(second);
    expect(started).toMatchObject({ status: 'playing', doc: { players: [first.user, second.user], private: true } });
    expect(await userRooms.get(first.user)).toEqual({ room: started?.id, watching: false });
  });

  it('cannot be requested by a player who is already in a room', async () => {
    const { matchmaker, rooms, userTickets } = newLobby();
    const caller = newCaller();
    await matchmaker.search(caller);
    await rooms.create(caller, { game: 'duel' });
    expect(await userTickets.gameOf(caller.user)).toBeNull();
    await expect(matchmaker.search(caller)).rejects.toMatchObject({ code: 'already-in-room' });
    expect(await matchmaker.cancel(caller)).toBe(false);
  });

  it('gets no room from a suspended lobby that continues after the match has ended', async () => {
    const { matches, tickets } = newLobby();
    const [first, second] = newCallers(2);
    const { match, all } = await committed(tickets, [first, second]);
    await tickets.finish(match);
    expect(await matches.make(match, all, performance.now() - MATCH_ABANDONED_MS)).toBeNull();
    expect(await records.read(match.id)).toBeNull();
    expect(await userRooms.get(first.user)).toBeNull();
  });

  it('can be accepted again by a player when the first answer was lost', async () => {
    const { matchmaker, tickets } = newLobby();
    const people = newCallers(2);
    const { match, all } = await committed(tickets, people, 'offered');
    for (const { id, players } of all) await userRooms.noteTicket(players[0].user, { ticket: id, game: 'duel' }, players[0].asked);
    for (let time = 0; time < 2; time++) expect(await matchmaker.accept(people[0], match.id)).toBeNull();
    for (const one of [people[1], people[1], people[0]])
      expect(await matchmaker.accept(one, match.id)).toMatchObject({ id: match.id, status: 'playing' });
    await expect(matchmaker.accept(newCaller(), match.id)).rejects.toMatchObject({ code: 'offer-unknown' });
    await expect(matchmaker.accept(people[0], 'another')).rejects.toMatchObject({ code: 'offer-unknown' });
  });

  it('is reported at the next `match.check` to a player who missed the message', async () => {
    const { servers, matchmaker, rooms } = newLobby();
    servers.match = matchRules({ min: 3, max: 3 });
    const [host, guest, one, ...others] = ['host', 'guest', 'one', 'second', 'third'].map((name) => asks(newCaller(name)));
    const check = async ({ user, asked }: Caller, ticket: string) =>
      (await matchmaker.check([{ user, game: 'duel', ticket, ...(asked && { asked }) }]))[0];
    const { id } = await rooms.create(host(), { game: 'duel', private: true });
    await rooms.join(guest(), id, { code: (await mustRead(id)).doc.code! });
    const lost = (await matchmaker.find(host(), { game: 'duel', party: true })) as { ticket: string };
    // Simulates that Redis lost the ticket, and the entries in `UserRooms` that name the ticket.
    await Promise.all([
      redis.commands.del(...(await redis.commands.keys('hf:match:{duel}:*'))),
      ...[host, guest].map((ask) => userRooms.forgetTicket(ask().user, { ...lost, game: 'duel' })),
    ]);
    for (const ask of [host, guest]) expect(await check(ask(), lost.ticket)).toMatchObject({ event: 'expired', reason: 'lost' });
    expect(await userRooms.get(guest().user)).toEqual({ room: id, watching: false });

    const found = (await matchmaker.find(one(), { game: 'duel' })) as { ticket: string };
    for (const ask of others) await matchmaker.search(ask());
    expect(await check(one(), found.ticket)).toMatchObject({ event: 'matched', room: expect.any(String) });
  });

  it('is found by the ratings of its mode, and its game receives these ratings', async () => {
    const { servers, matchmaker, tickets } = newLobby();
    servers.match = matchRules({ min: 2, max: 2 }, { rating: 'per-mode', modes: { blitz: {} } });
    const [first, second] = newCallers(2) as [Caller, Caller];
    const ratings = new RedisRatingStore(redis);
    await ratings.update('duel', 'a:0', [first.user], () => [{ mu: 1_400, sigma: 50 }], 'blitz');
    await ratings.update('duel', 'b:0', [first.user], () => [{ mu: 1_900, sigma: 50 }]);
    expect(await matchmaker.search(first, { mode: 'blitz' })).toBeNull();
    expect(await tickets.ofUser('duel', first.user)).toMatchObject({ ticket: { players: [{ rating: { mu: 1_400 } }] } });
    expect(await matchmaker.search(second, { mode: 'blitz' })).toMatchObject({ status: 'playing' });
    expect(servers.openings).toMatchObject([{ mode: 'blitz' }]);
  });

  it.each([
    ['searches again', ({ matchmaker }: ReturnType<typeof newLobby>, caller: Caller) => matchmaker.find(caller, { game: 'duel' })],
    ['creates a room', ({ rooms }: ReturnType<typeof newLobby>, caller: Caller) => rooms.create(caller, { game: 'duel' })],
    ['logs out', ({ presence }: ReturnType<typeof newLobby>, { user, asked }: Caller) => presence.depart(user, asked!)],
  ])('is no longer offered when one player %s, and the ticket of the other player keeps its waiting time', async (_, leave) => {
    const lobby = newLobby();
    const { servers, tickets } = lobby;
    servers.match = matchRules({ min: 2, max: 2 }, { acceptMs: 60_000 });
    const next = asks(newCaller());
    const [leaves, stays] = [next(), newCaller()];
    const { match, all } = await committed(tickets, [leaves, stays], 'offered');
    for (const { id, players } of all) await userRooms.noteTicket(players[0].user, { ticket: id, game: 'duel' }, players[0].asked);
    const [{ since }] = await tickets.read('duel', [all[1].id]);
    await leave(lobby, next());
    expect(await tickets.isOpen(match)).toBe(false);
    expect(await tickets.read('duel', [all[0].id])).toEqual([]);
    expect(await tickets.ofUser('duel', stays.user)).toMatchObject({ ticket: { id: all[1].id, since, priority: 1 } });
    expect([await tickets.declinesOf('duel', leaves.user), await tickets.declinesOf('duel', stays.user)]).toMatchObject([
      { count: 1 },
      { count: 0 },
    ]);
  });

  it('is counted in the summary of the queue, which also counts the waiting tickets of each mode', async () => {
    const { servers, matchmaker, tickets } = newLobby();
    servers.match = matchRules({ min: 2, max: 2 }, { modes: { blitz: {} } });
    const [first, second, alone, blitz] = newCallers(4);
    await matchmaker.search(first);
    await matchmaker.search(second);
    await matchmaker.search(blitz, { mode: 'blitz' });
    await matchmaker.search(alone);
    const report = await until(async () => {
      pass(1_000);
      const [found] = await tickets.reports();
      return found?.tickets === 2 ? found : null;
    });
    expect(report.matches).toBe(1);
    const modes = [...report.byMode!].sort((one, other) => String(one.mode).localeCompare(String(other.mode)));
    expect(modes).toEqual([
      { mode: 'blitz', tickets: 1, longestWaitMs: expect.any(Number) },
      { mode: null, tickets: 1, longestWaitMs: expect.any(Number) },
    ]);
  });

  it('puts its players into a waiting room when no server has capacity', async () => {
    const lobby = newLobby();
    lobby.servers.trouble = () => Promise.reject(new HoldfastError('no-capacity'));
    const [first, second] = newCallers(2);
    await lobby.matchmaker.search(first);
    const room = await lobby.matchmaker.search(second);
    expect(await mustRead(room?.id as RoomId)).toMatchObject({ status: 'waiting', doc: { host: first.user } });
  });
});

describe('the matchmaking of a game whose lobby died', () => {
  beforeEach(() => redis.commands.flushdb());
  afterEach(() => redis.commands.flushdb());

  it('creates the room of a match only once when two lobbies continue the match', async () => {
    const [lobby, other] = [newLobby(), newLobby()];
    const people = newCallers(2);
    const { match } = await committed(lobby.tickets, people);
    await until(async () => {
      await Promise.all([lobby.rounds.claimAll(), other.rounds.claimAll()]);
      return (await lobby.tickets.reports()).length > 0;
    });
    expect(await records.read(match.id)).toBeNull();
    // Advances the clock by small amounts, because the queue time would count a larger amount as a suspension of the runner.
    await until(async () => {
      pass(MATCH_ABANDONED_MS / 10);
      return !(await lobby.tickets.isOpen(match));
    });
    expect(await mustRead(match.id)).toMatchObject({ status: 'playing', round: 0, doc: { players: people.map(({ user }) => user) } });
    expect(await lobby.rooms.whereIs(people[0].user)).toMatchObject({ record: { id: match.id } });
    expect([...lobby.servers.openings, ...other.servers.openings].filter(({ room }) => room === match.id)).toHaveLength(1);
  });

  it('ends no waiting ticket and no open offer after a day without a running lobby', async () => {
    const { servers, matchmaker, tickets, rounds } = newLobby();
    servers.match = matchRules({ min: 2, max: 2 }, { acceptMs: 30_000 });
    const [away, waits, ...offered] = newCallers(4);
    const { match } = await committed(tickets, offered, 'offered');
    const ask = asks(away);
    await matchmaker.search(ask());
    await tickets.setPresence('duel', away.user, ask().asked, false);
    await matchmaker.search(waits);
    for (let time = 0; time < 3; time++) {
      pass(86_400_000);
      await rounds.settle('duel', 'none');
      await until(async () => (await tickets.reports())[0]?.tickets === 2);
    }
    expect(await tickets.ofUser('duel', away.user)).toMatchObject({ state: 'waiting', isPaused: true });
    expect(await tickets.ofUser('duel', waits.user)).toMatchObject({ state: 'waiting' });
    expect(await tickets.isOpen(match)).toBe(true);
  });
});

describe('a public waiting room that matchmaking fills', () => {
  beforeEach(() => redis.commands.flushdb());
  afterEach(() => redis.commands.flushdb());

  function fillingLobby(players: number) {
    const lobby = newLobby();
    lobby.servers.match = matchRules({ min: players, max: players }, { fillMs: 0, backfill: { running: false, waiting: true } });
    return lobby;
  }

  it('gets the missing players, who are all ready', async () => {
    const { rooms, matchmaker, starter, servers } = fillingLobby(3);
    const [host, guest, other] = newCallers(3) as [Caller, Caller, Caller];
    const { id } = await rooms.create(host, { game: 'duel' });
    expect(await matchmaker.search(guest)).toBeNull();
    expect(await matchmaker.search(other)).toMatchObject({ id, status: 'waiting' });
    await until(async () => (await mustRead(id)).doc.members.length === 3);
    const started = await starter.start(await mustRead(id), host.user, servers.balancer);
    expect(started).toMatchObject({ status: 'playing', doc: { host: host.user } });
    expect([...started.doc.players].sort()).toEqual([host, guest, other].map(({ user }) => user).sort());
  });

  it('is filled with other users while a banned user searches', async () => {
    const { rooms, hosting, matchmaker, tickets } = fillingLobby(2);
    const [host, banned, other] = newCallers(3) as [Caller, Caller, Caller];
    const { id } = await rooms.create(host, { game: 'duel' });
    await rooms.join(banned, id);
    await hosting.kick(host, { user: banned.user, ban: true });
    expect(await matchmaker.search(banned, { attributes: { language: 'de' } })).toBeNull();
    expect(await matchmaker.search(other, { attributes: { language: 'en' } })).toMatchObject({ id });
    const waiting = await tickets.ofUser('duel', banned.user);
    expect(waiting).toMatchObject({ state: 'waiting' });
    // No match of this ticket has failed, so the ticket has no priority.
    expect(waiting).not.toMatchObject({ ticket: { priority: expect.anything() } });
  });
});

describe('the sweep of rooms', () => {
  it('changes no room, member or start when the clock of Redis is set ahead or back', async () => {
    const { rooms, sweeper, presence } = newLobby();
    const [idle, starting, left] = await Promise.all(newCallers(3).map((caller) => rooms.create(caller, { game: 'duel' })));
    await records.save(await mustRead(starting.id), { status: 'starting', start: 'under-way' });
    const [{ user }] = left.doc.members;
    await presence.set(left.id, user, false);
    for (const hours of [1, -2]) {
      for (const { id } of [idle, starting, left]) await setRedisAhead(id, hours * 3_600_000);
      for (let sweeps = 0; sweeps < 2; sweeps++) await sweeper.sweep();
      const found = await records.readMany([idle.id, starting.id, left.id]);
      expect(found.map((record) => record?.status)).toEqual(['waiting', 'starting', 'waiting']);
      expect(found[2]?.doc.members).toMatchObject([{ user, here: false }]);
    }
    // The clock of Redis is an hour behind now, but the lobby measures by its own clock how long the room stays unchanged.
    pass(601_000);
    await sweeper.sweep();
    expect((await records.readMany([idle.id, left.id])).map((record) => record?.status ?? null)).toEqual([null, null]);
    expect((await mustRead(starting.id)).status).toBe('waiting');
  });

  it('removes a member who has been away for longer than the grace period', async () => {
    const { rooms, sweeper, presence } = newLobby();
    const [host, away, back] = newCallers(3);
    const { id } = await rooms.create(host, { game: 'duel', seats: 4 });
    for (const caller of [away, back]) await rooms.join(caller, id);
    for (const { user } of [away, back]) await presence.set(id, user, false);
    await sweeper.sweep();
    pass(59_000);
    await presence.set(id, back.user, true);
    await sweeper.sweep();
    const members = async () => (await mustRead(id)).doc.members.map(({ user }) => user);
    expect(await members()).toEqual([host.user, away.user, back.user]);
    pass(2_000);
    await sweeper.sweep();
    expect(await members()).toEqual([host.user, back.user]);
  });

  it('renews the invite codes of rooms with running games, even when the store lost a code', async () => {
    const { rooms, sweeper } = newLobby();
    const [kept, lost] = await Promise.all(newCallers(2).map((caller) => rooms.create(caller, { game: 'duel', private: true })));
    for (const { id } of [kept, lost]) await records.save(await mustRead(id), { status: 'playing' });
    const codes = [kept, lost].map(({ doc }) => doc.code as string);
    await redis.commands.pexpire(redisName(`invite:${codes[0]}`), 60_000);
    await redis.commands.del(redisName(`invite:${codes[1]}`));
    await sweeper.sweep();
    for (const code of codes) expect(await redis.commands.pttl(redisName(`invite:${code}`))).toBeGreaterThan(6 * 86_400_000);
    // The codes were just renewed, so the next sweep reads no records of running rooms.
    const reads = jest.spyOn(records, 'readListed');
    await sweeper.sweep();
    expect(reads).not.toHaveBeenCalled();
    reads.mockRestore();
    await redis.commands.pexpire(redisName(`invite:${codes[0]}`), 60_000);
    pass(3_601_000);
    await sweeper.sweep();
    expect(await redis.commands.pttl(redisName(`invite:${codes[0]}`))).toBeGreaterThan(6 * 86_400_000);
  });

  it('does not cancel a start while the game may still load data', async () => {
    const { rooms, sweeper, servers } = newLobby();
    servers.loadMs = 20_000;
    const [room] = await Promise.all(newCallers(1).map((caller) => rooms.create(caller, { game: 'duel' })));
    await records.save(await mustRead(room.id), { status: 'starting', start: 'loading' });
    await sweeper.sweep();
    pass(START_ABANDONED_MS + 39_000);
    await sweeper.sweep();
    expect((await mustRead(room.id)).status).toBe('starting');
    pass(2_000);
    await sweeper.sweep();
    expect((await mustRead(room.id)).status).toBe('waiting');
  });

  it('cancels an abandoned start, but not a recent start', async () => {
    const { rooms, sweeper } = newLobby();
    const [abandoned, young] = await Promise.all(newCallers(2).map((caller) => rooms.create(caller, { game: 'duel' })));
    await records.save(await mustRead(abandoned.id), { status: 'starting', start: 'lost' });
    await sweeper.sweep();
    pass(START_ABANDONED_MS + 1_000);
    await records.save(await mustRead(young.id), { status: 'starting', start: 'young' });
    await sweeper.sweep();
    expect((await mustRead(abandoned.id)).status).toBe('waiting');
    expect((await mustRead(young.id)).status).toBe('starting');
    // The cancelled start must not open a game.
    expect(await roomLog.open(abandoned.id, 'lost', { server: 'hf:game:late' as ServerId, incarnation: 1 }, null, 'none')).toBeNull();
    await records.save(await mustRead(young.id), { status: 'waiting' });
  });

  it('closes idle rooms and empty rooms, but no room with a recent change or a running game', async () => {
    const { rooms, sweeper } = newLobby();
    const [idle, empty, fresh, played] = await Promise.all(newCallers(4).map((caller) => rooms.create(caller, { game: 'duel' })));
    await records.save(await mustRead(played.id), { status: 'playing' });
    await sweeper.sweep();
    pass(601_000);
    await records.save(await mustRead(empty.id), { doc: { ...empty.doc, members: [] } });
    await records.save(await mustRead(fresh.id), { doc: fresh.doc });
    await sweeper.sweep();
    expect((await records.readMany([idle.id, empty.id, fresh.id, played.id])).map((record) => record?.status ?? null)).toEqual([
      null,
      null,
      'waiting',
      'playing',
    ]);
  });

  it('removes a member who is in another room after a data loss of the store', async () => {
    const { rooms, sweeper } = newLobby();
    const [stray, other, loyal] = newCallers(3);
    const [before, kept] = await Promise.all([rooms.create(stray, { game: 'duel' }), rooms.create(loyal, { game: 'duel' })]);
    await rooms.join(other, before.id);
    await userRooms.clear(stray.user);
    const now = await rooms.create(stray, { game: 'duel' });
    await sweeper.sweep();
    expect((await mustRead(before.id)).doc.members.map(({ user }) => user)).toEqual([stray.user, other.user]);
    pass(STRAY_AFTER_MS + 2_000);
    await sweeper.sweep();
    expect((await mustRead(before.id)).doc.members.map(({ user }) => user)).toEqual([other.user]);
    expect((await mustRead(now.id)).doc.members.map(({ user }) => user)).toEqual([stray.user]);
    expect((await mustRead(kept.id)).doc.members.map(({ user }) => user)).toEqual([loyal.user]);
    expect(await rooms.whereIs(stray.user)).toMatchObject({ record: { id: now.id } });
  });

  it('removes a member whose user is in no room according to two successive runs', async () => {
    const { rooms, sweeper } = newLobby();
    const [host, unplaced, unknown] = newCallers(3);
    const { id } = await rooms.create(host, { game: 'duel', seats: 4 });
    await rooms.join(unplaced, id);
    await rooms.join(unknown, id);
    // A gateway stored that the user is in no room, although the record of the room already contained the join.
    await userRooms.admit(unplaced.user);
    await userRooms.move(unplaced.user, null);
    await userRooms.clear(unknown.user);
    await sweeper.sweep();
    pass(STRAY_AFTER_MS + 2_000);
    const members = async (): Promise<string[]> => (await mustRead(id)).doc.members.map(({ user }) => user);
    await sweeper.sweep();
    expect(await members()).toEqual([host.user, unplaced.user, unknown.user]);
    await sweeper.sweep();
    expect(await members()).toEqual([host.user, unknown.user]);
  });

  it('drops rooms without a record from the index of rooms, but only in its second run', async () => {
    const { sweeper } = newLobby();
    await records.index(['about-to-be' as RoomId, 'never' as RoomId], Date.now());
    await sweeper.sweep();
    expect(await redis.commands.zscore(roomsKey(), 'never')).not.toBeNull();
    await sweeper.sweep();
    expect(await redis.commands.zscore(roomsKey(), 'never')).toBeNull();
  });

  it('drops all rooms without a record from the index of rooms, even when one run cannot read the whole index', async () => {
    const { sweeper } = newLobby();
    const ids = Array.from({ length: 2 * SWEEP_ROOMS }, (_, index) => `never-${index}` as RoomId);
    await records.index(ids, Date.now());
    // When the sweep drops an entry, the positions of the other entries change, so one pass over the index misses some entries. A slow
    // Redis can make one more pass necessary.
    for (let sweeps = 0; sweeps < 16; sweeps++) await sweeper.sweep();
    const left = await redis.commands.zmscore(roomsKey(), ...ids);
    expect(left.filter((score) => score !== null)).toEqual([]);
  });
});

describe('the region of a game', () => {
  const wishOf = ({ region, build, prefer }: PlacementRequest) => ({ region, build, prefer });

  async function wishOfRoom(gatewayRegion: string, wish: { region?: string; build?: string }) {
    const { servers, rooms, starter } = newLobby();
    servers.region = gatewayRegion;
    const [host, guest] = newCallers(2);
    const { id } = await rooms.create(host, { game: 'duel', ...wish });
    await rooms.join(guest, id);
    await rooms.setReady(guest, true);
    await starter.start(await mustRead(id), host.user, servers.balancer);
    return wishOf(servers.wishes[0]);
  }

  it("is the region of the creator's gateway when this region has capacity", async () => {
    expect(await wishOfRoom('eu', {})).toEqual({ region: undefined, build: undefined, prefer: { region: 'eu' } });
    expect(await wishOfRoom('', {})).toEqual({ region: undefined, build: undefined, prefer: { region: undefined } });
  });

  it('is the requested region', async () => {
    const expected = { region: 'us', build: 'b2', prefer: { region: undefined } };
    expect(await wishOfRoom('eu', { region: 'us', build: 'b2' })).toEqual(expected);
  });

  it('is the region of the player who waited longest when this region has capacity', async () => {
    const { servers, matchmaker } = newLobby();
    servers.region = 'eu';
    const [first, second, third, fourth] = newCallers(4);
    await matchmaker.search(first, { region: 'asia' });
    await matchmaker.search(second);
    await matchmaker.search(third);
    await matchmaker.search(fourth, { region: 'asia' });
    expect(servers.wishes.map(wishOf)).toEqual([
      { region: undefined, build: undefined, prefer: { region: 'asia' } },
      { region: undefined, build: undefined, prefer: { region: 'eu' } },
    ]);
  });
});

describe('an outdated request that a suspended lobby handles after a newer request', () => {
  it('does not move the user to another room', async () => {
    const { rooms, matchmaker, userTickets, presence } = newLobby();
    const [first, second] = await Promise.all([rooms.create(newCaller(), { game: 'duel' }), rooms.create(newCaller(), { game: 'duel' })]);
    const next = asks(newCaller());
    const [late, later] = [next(), next()];
    const leave = { ...next(), room: { id: first.id, watching: false } };
    await rooms.join(later, first.id);
    await rooms.leave(leave);
    for (const ask of [
      () => rooms.create(late, { game: 'duel' }),
      () => rooms.join(late, second.id),
      () => rooms.watch(late, second.id),
      () => matchmaker.search(late),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'overtaken' });
    expect(await rooms.whereIs(late.user)).toBeNull();
    expect(await userTickets.gameOf(late.user)).toBeNull();
    await rooms.join(next(), first.id);
    // The user has left the room and joined it again. The repeated request is older than the second join, so it must not remove the user.
    await expect(rooms.leave(leave)).rejects.toMatchObject({ code: 'overtaken' });
    await expect(rooms.setReady(late, true)).rejects.toMatchObject({ code: 'overtaken' });
    await expect(rooms.roomOf(late)).rejects.toMatchObject({ code: 'overtaken' });
    await presence.gone(first.id, late.user, late.asked);
    await presence.set(first.id, late.user, false, { turn: 0, number: 9 });
    expect((await mustRead(first.id)).doc.members.at(-1)).toMatchObject({ user: late.user, here: true, readyRound: null });
  });

  it('removes a member from a room that lists the member only because of a data loss', async () => {
    const { rooms, presence } = newLobby();
    const [host, mover] = newCallers(2);
    const { id } = await rooms.create(host, { game: 'duel' });
    await rooms.join({ ...mover, asked: { turn: 1, number: 1 } }, id);
    // After a data loss the record of the first room lists the member again. The gateway reports the departure while the user creates a
    // room.
    await userRooms.move(mover.user, null);
    await rooms.create({ ...mover, asked: { turn: 1, number: 3 } }, { game: 'duel' });
    await presence.gone(id, mover.user, { turn: 1, number: 2 });
    expect((await mustRead(id)).doc.members.map(({ user }) => user)).toEqual([host.user]);
  });

  it('does not overwrite a presence that a newer report has set', async () => {
    const { rooms, presence } = newLobby();
    const caller = newCaller();
    const { id } = await rooms.create(caller, { game: 'duel' });
    const { admissionNumber: turn } = await userRooms.admit(caller.user);
    const says = (here: boolean, number: number, inTurn = turn) => presence.set(id, caller.user, here, { turn: inTurn, number });
    const isHere = async () => (await mustRead(id)).doc.members[0].here;
    await says(false, 2);
    await says(true, 1);
    expect(await isHere()).toBe(false);
    await says(true, 3);
    expect(await isHere()).toBe(true);
    await presence.away(caller.user, turn);
    expect(await isHere()).toBe(false);
    // The gateway sent this report before it died. The lobby handles the report later.
    await says(true, 4);
    expect(await isHere()).toBe(false);
    await says(true, 5, (await userRooms.renewAdmission(caller.user, turn)) as number);
    expect(await isHere()).toBe(true);
  });

  it('does not mark a member as present after the gateway of the request has ended', async () => {
    const { rooms, presence } = newLobby();
    const caller = newCaller();
    const { id } = await rooms.create(caller, { game: 'duel' });
    const { admissionNumber: turn } = await userRooms.admit(caller.user);
    await presence.set(id, caller.user, false, { turn, number: 1 });
    const { awaySince } = (await mustRead(id)).doc.members[0];
    await presence.away(caller.user, turn);
    await presence.set(id, caller.user, true, { turn, number: 2 });
    expect((await mustRead(id)).doc.members[0]).toMatchObject({ here: false, awaySince });
  });

  it('does not cancel a newer search', async () => {
    const { matchmaker, userTickets } = newLobby();
    const next = asks(newCaller());
    const late = next();
    await matchmaker.search(next());
    await expect(matchmaker.cancel(late)).rejects.toMatchObject({ code: 'overtaken' });
    expect(await userTickets.gameOf(late.user)).toBe('duel');
    expect(await matchmaker.cancel(next())).toBe(true);
  });

  it('cannot complete a match whose search the user has cancelled', async () => {
    const { matchmaker, matches, tickets, userTickets } = newLobby();
    const next = asks(newCaller());
    const [ada, bob] = [next(), newCaller()];
    const { match, all } = await committed(tickets, [ada, bob]);
    for (const { id, players } of all) await userRooms.noteTicket(players[0].user, { ticket: id, game: 'duel' }, players[0].asked);
    expect(await matchmaker.cancel(next())).toBe(false);
    expect(await userTickets.gameOf(ada.user)).toBeNull();
    expect(await matches.make(match, all)).toBeNull();
    expect(await userRooms.get(ada.user)).toBeNull();
    expect([await userTickets.gameOf(ada.user), await userTickets.gameOf(bob.user)]).toEqual([null, 'duel']);
  });

  it('puts no user who has created a room into a match', async () => {
    const { rooms, matchmaker, tickets, userTickets } = newLobby();
    const next = asks(newCaller());
    const slept = next();
    const other = asks(newCaller())();
    const here = await rooms.create(next(), { game: 'duel' });
    // The lobby was suspended after it had read the user and before it wrote the search to the queue.
    await tickets.add({ id: 'slept', game: 'duel', players: [slept] }, { event: 'cancelled', reason: 'entered-room' });
    expect(await matchmaker.search(other)).toBeNull();
    expect(await rooms.whereIs(slept.user)).toMatchObject({ record: { id: here.id } });
    expect(await rooms.whereIs(other.user)).toBeNull();
    expect([await userTickets.gameOf(slept.user), await userTickets.gameOf(other.user)]).toEqual([null, 'duel']);
    await matchmaker.cancel(other);
  });
});

describe('the list of public rooms', () => {
  /** Writes many rooms at once, in the form in which a lobby writes them. The test chooses their creation times. */
  async function writeRooms(
    count: number,
    room: (index: number) => { game: string; private: boolean; createdAt: number },
  ): Promise<RoomId[]> {
    const ids = Array.from({ length: count }, () => `list-${randomUUID()}` as RoomId);
    for (let at = 0; at < count; at += 1_000) {
      await Promise.all(
        ids.slice(at, at + 1_000).map((id, index) => {
          const { game, private: isPrivate, createdAt } = room(at + index);
          const doc = { ...newRoom(newCaller(), { seats: { min: 2, max: 4 }, private: isPrivate }, createdAt) };
          return records.create(id as RoomId, game, doc);
        }),
      );
    }
    return ids;
  }

  /** Returns the number of commands that Redis runs during `act`. */
  async function commandsOf(act: () => Promise<unknown>): Promise<number> {
    const count = async () => Number(/^total_commands_processed:(\d+)/m.exec(await elsewhere.commands.info('stats'))?.[1]);
    const before = await count();
    await act();
    return (await count()) - before - 1;
  }

  beforeEach(() => redis.commands.flushdb());
  afterAll(() => redis.commands.flushdb());

  it('contains a public room that is older than 1,000 private rooms', async () => {
    const { rooms, list } = newLobby();
    const { id } = await rooms.create(newCaller(), { game: 'duel' });
    await writeRooms(1_000, (index) => ({ game: 'duel', private: true, createdAt: Date.now() + 1_000 + index }));
    expect((await list.page()).rooms.map((room) => room.id)).toEqual([id]);
  });

  it('contains each room once on its pages while rooms are created and closed', async () => {
    const { rooms, list } = newLobby();
    const base = Date.now() - 120_000;
    const ids = await writeRooms(25, (index) => ({ game: 'duel', private: false, createdAt: base + Math.floor(index / 3) }));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { rooms: page, next } = await list.page({ game: 'duel', limit: 10, cursor });
      seen.push(...page.map((room) => room.id));
      cursor = next;
      await rooms.create(newCaller(), { game: 'duel' });
    } while (cursor);
    expect(seen).toHaveLength(25);
    expect(new Set(seen)).toEqual(new Set(ids));
  });

  it('is read from the store only once for simultaneous requests', async () => {
    const { rooms, list } = newLobby();
    await writeRooms(20, (index) => ({ game: 'duel', private: false, createdAt: Date.now() - 1_000 - index }));
    await list.page();
    let pages: { rooms: { id: string }[] }[] = [];
    const commands = await commandsOf(async () => {
      const early = Array.from({ length: 50 }, () => list.page());
      const { id } = await rooms.create(newCaller(), { game: 'duel' });
      pages = await Promise.all([...early, ...Array.from({ length: 50 }, (_, index) => list.page({ limit: 1 + (index % 10) }))]);
      for (const page of pages.slice(50)) expect(page.rooms[0].id).toBe(id);
    });
    // The lobby creates a room and reads the list twice, with 22 Redis commands for each read. A hundred reads would need many more
    // commands.
    expect(commands).toBeLessThan(100);
    expect(new Set(pages.slice(50).map((page) => page.rooms.length))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  });

  it('refuses a cursor that is not from one of its pages', async () => {
    await expect(newLobby().list.page({ cursor: 'x' })).rejects.toMatchObject({ code: 'bad-data' });
  });

  it('drops the entries of closed rooms, but not the entry of a room that is just being created', async () => {
    const { list } = newLobby({ roomsListedMax: 10 });
    const old = await writeRooms(30, (index) => ({ game: 'duel', private: false, createdAt: Date.now() - 120_000 - index }));
    await redis.commands.del(...old.slice(0, 29).map(roomKey));
    await records.enlist('soon' as RoomId, 'duel', Date.now());
    // The first twenty entries belong to closed rooms, so the first page is empty and has a cursor for the next page.
    const first = await list.page({ limit: 10 });
    expect(first).toMatchObject({ rooms: [], next: expect.any(String) });
    expect((await list.page({ limit: 10, cursor: first.next })).rooms.map(({ id }) => id)).toEqual([old[29]]);
    await until(async () => (await redis.commands.zcard('hf:listed')) === 2);
    expect(await redis.commands.zrange('hf:listed:duel', '0', '-1')).toEqual([old[29], 'soon']);
  });

  it('contains its rooms again after a sweep when the store has lost the index of the rooms', async () => {
    const { rooms, list, sweeper } = newLobby();
    const shown = await rooms.create(newCaller(), { game: 'duel' });
    const hidden = await rooms.create(newCaller(), { game: 'duel', private: true });
    for (const { id } of [shown, hidden]) await redis.commands.hdel(roomKey(id), 'private');
    await redis.commands.del('hf:listed', 'hf:listed:duel');
    expect((await list.page()).rooms).toEqual([]);
    await sweeper.sweep();
    for (const game of [undefined, 'duel']) expect((await list.page({ game })).rooms.map(({ id }) => id)).toEqual([shown.id]);
    await redis.commands.del(roomKey(shown.id));
    await sweeper.sweep();
    await sweeper.sweep();
    expect(await redis.commands.exists('hf:listed', 'hf:listed:duel')).toBe(0);
  });

  it('returns a page of 100 out of 100,000 rooms with at most 101 Redis commands and within 100 ms (medians)', async () => {
    const { list } = newLobby();
    const games = ['duel', 'chess', 'go'];
    await writeRooms(100_000, (index) => ({ game: games[index % 3], private: index % 10 !== 0, createdAt: Date.now() - 200_000 + index }));
    const took: number[] = [];
    const counts: number[] = [];
    let cursor: string | undefined;
    for (let calls = 0; calls < 20; calls++) {
      const query = calls % 2 === 0 ? { game: games[calls % 3], cursor } : { cursor };
      const from = performance.now();
      const commands = await commandsOf(async () => {
        const page = await list.page(query);
        expect(page.rooms).toHaveLength(100);
        cursor = page.next;
      });
      took.push(performance.now() - from);
      counts.push(commands);
    }
    // Compares the median, because Redis can also count commands of other connections.
    expect(counts.sort((a, b) => a - b)[10]).toBeLessThanOrEqual(LIST_COMMANDS_MAX);
    expect(took.sort((a, b) => a - b)[10]).toBeLessThan(100);
  }, 120_000);
});

describe('a session that ends during a request', () => {
  /** Numbers the requests of a user, as the gateway does. */
  async function newAsker(): Promise<() => Caller & { asked: RequestOrder }> {
    const caller = newCaller();
    const { admissionNumber: turn } = await userRooms.admit(caller.user);
    let number = 0;
    return () => ({ ...caller, asked: { turn, number: ++number } });
  }

  /** Runs `act` once, just before the next call of `records.save` or `records.create`. */
  function onceBefore(step: 'save' | 'create', act: () => Promise<unknown>): void {
    const real = records[step].bind(records) as (...args: unknown[]) => Promise<never>;
    jest.spyOn(records, step).mockImplementationOnce(async (...args: unknown[]) => {
      await act();
      return real(...args);
    });
  }

  it('is no longer a member of the room after a half-written join', async () => {
    const [{ rooms }, other] = [newLobby(), newLobby()];
    const { id } = await rooms.create(newCaller(), { game: 'duel' });
    const next = await newAsker();
    const [joins, departs] = [next(), next()];
    onceBefore('save', () => other.presence.depart(joins.user, departs.asked));
    await expect(rooms.join(joins, id)).rejects.toMatchObject({ code: 'overtaken' });
    expect((await mustRead(id)).doc.members.map(({ user }) => user)).not.toContain(joins.user);
    expect(await userRooms.get(joins.user)).toBeNull();
  });

  it('leaves no open room behind after a half-written creation', async () => {
    const [{ rooms }, other] = [newLobby(), newLobby()];
    const next = await newAsker();
    const [creates, departs] = [next(), next()];
    let made = '' as RoomId;
    const real = records.create.bind(records);
    jest.spyOn(records, 'create').mockImplementationOnce(async (id, ...rest) => {
      made = id;
      await other.presence.depart(creates.user, departs.asked);
      return real(id, ...rest);
    });
    await expect(rooms.create(creates, { game: 'duel' })).rejects.toMatchObject({ code: 'overtaken' });
    expect(await records.read(made)).toBeNull();
  });

  it('has no search when the session ends before the search is in the queue', async () => {
    for (const end of ['depart', 'searcherGone'] as const) {
      const { matchmaker, tickets, userTickets, presence } = newLobby();
      const next = await newAsker();
      const [finds, ends] = [next(), next()];
      const real = tickets.add.bind(tickets);
      jest.spyOn(tickets, 'add').mockImplementationOnce(async (...args) => {
        if (end === 'depart') await presence.depart(finds.user, ends.asked);
        else await matchmaker.searcherGone(ends);
        return real(...args);
      });
      await expect(matchmaker.search(finds)).rejects.toMatchObject({ code: 'overtaken' });
      expect(await userTickets.gameOf(finds.user)).toBeNull();
    }
  });

  it('has no match, and the matched opponent searches again, when the session ends before the room exists', async () => {
    const { rooms, matchmaker, userTickets, presence } = newLobby();
    const [first, second] = [await newAsker(), await newAsker()];
    const [waits, departs] = [first(), first()];
    expect(await matchmaker.search(waits)).toBeNull();
    onceBefore('create', () => presence.depart(waits.user, departs.asked));
    const finds = second();
    expect(await matchmaker.search(finds)).toBeNull();
    expect([await userTickets.gameOf(waits.user), await userTickets.gameOf(finds.user)]).toEqual([null, 'duel']);
    expect(await rooms.whereIs(finds.user)).toBeNull();
    await matchmaker.cancel(finds);
  });

  it('leaves its room when its incomplete departure is repeated', async () => {
    const { rooms, presence } = newLobby();
    const host = newCaller();
    const { id } = await rooms.create(host, { game: 'duel' });
    const next = await newAsker();
    await rooms.join(next(), id);
    const { user, asked } = next();
    // The lobby dies between its two writes, so the first attempt changes only the entry in `UserRooms`.
    jest.spyOn(records, 'save').mockRejectedValueOnce(new Error('died'));
    await expect(presence.depart(user, asked)).rejects.toThrow('died');
    await presence.depart(user, asked);
    await presence.depart(user, asked);
    expect((await mustRead(id)).doc.members.map((member) => member.user)).toEqual([host.user]);
  });

  it('does not remove its user from the room when the user is admitted again before the lobby gets the departure', async () => {
    const { rooms, presence } = newLobby();
    const { id } = await rooms.create(newCaller(), { game: 'duel' });
    const next = await newAsker();
    const [joins, departs] = [next(), next()];
    await rooms.join(joins, id);
    await userRooms.admit(joins.user);
    await presence.depart(joins.user, departs.asked);
    expect((await mustRead(id)).doc.members.map(({ user }) => user)).toContain(joins.user);
  });

  it('has its join refused with `overtaken` when the user was admitted again during the join', async () => {
    const { rooms } = newLobby();
    const { id } = await rooms.create(newCaller(), { game: 'duel', seats: 4 });
    const [resumed, rejoined] = [(await newAsker())(), (await newAsker())()];
    onceBefore('save', () => userRooms.admit(resumed.user));
    await expect(rooms.join(resumed, id)).rejects.toMatchObject({ code: 'overtaken' });
    onceBefore('save', async () => {
      const { admissionNumber: turn } = await userRooms.admit(rejoined.user);
      await newLobby().rooms.join({ ...rejoined, asked: { turn, number: 1 } }, id);
    });
    await expect(rooms.join(rejoined, id)).rejects.toMatchObject({ code: 'overtaken' });
    const members = (await mustRead(id)).doc.members.map(({ user }) => user);
    expect(members).not.toContain(resumed.user);
    expect(members).toContain(rejoined.user);
    expect(await userRooms.get(rejoined.user)).toEqual({ room: id, watching: false });
  });

  it('is marked as away by the second sweep when no server reports the end of the session', async () => {
    const { rooms, sweeper } = newLobby();
    const callers = newCallers(3);
    const { id } = await rooms.create(callers[0], { game: 'duel', seats: 4 });
    for (const caller of callers.slice(1)) await rooms.join(caller, id);
    const gateway = serverId('gateway', 'test');
    const [connected, away] = await Promise.all(
      callers.slice(0, 2).map(({ user, name }) => sessions.create({ user, name, gateway, incarnation: 1 })),
    );
    await redis.commands.hset(`hf:session:${away.session}`, 'away', '1');
    await sweeper.sweep();
    pass(STRAY_AFTER_MS + 1_000);
    const here = async () => (await mustRead(id)).doc.members.map((member) => member.here);
    await sweeper.sweep();
    expect(await here()).toEqual([true, true, true]);
    await sweeper.sweep();
    expect(await here()).toEqual([true, false, false]);
    await sessions.end(connected.session);
  });
});
