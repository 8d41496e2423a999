import { randomUUID } from 'node:crypto';
import type { RequestOrder, RoomId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import type { StoreGeneration } from '#libs/room-store';
import type { MatchRecord } from './match-record.js';
import { TICKET_FORMAT, type TicketBody, type TicketPlayer } from './stored-ticket.js';
import { type Commit, type TicketChange, type TicketEnd, TicketStore } from './ticket-store.js';
import { WaitingQueue } from './waiting-queue.js';

const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/7` });
const elsewhere = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/7` });
const generation = { onConnected: () => {} } as unknown as StoreGeneration;
const store = new TicketStore(redis, generation);
const other = new TicketStore(elsewhere, generation);

beforeAll(async () => {
  await Promise.all([redis.ready(), elsewhere.ready()]);
  await redis.commands.flushdb();
});
afterAll(() => {
  for (const connections of [redis, elsewhere]) connections.onApplicationShutdown();
});

const CANCELLED: TicketEnd = { event: 'cancelled', reason: 'cancelled' };
const newGame = (): string => `game-${randomUUID()}`;
const newUser = (): UserId => randomUUID() as UserId;
const at = (number: number): RequestOrder => ({ turn: 1, number });

function ticketOf(game: string, users: readonly UserId[], asked = at(1), more: Partial<TicketBody> = {}): TicketBody {
  const players = users.map((user): TicketPlayer => ({ user, name: user.slice(0, 4), asked }));
  return { id: randomUUID(), game, players, ...more };
}

async function add(game: string, users: readonly UserId[] = [newUser()], asked = at(1), by = store): Promise<TicketBody> {
  const ticket = ticketOf(game, users, asked);
  expect(await by.add(ticket, CANCELLED)).toMatchObject({ outcome: 'added' });
  return ticket;
}

async function changesOf(game: string): Promise<TicketChange[]> {
  return store.readChanges(game, 0);
}

async function claim(game: string, lobby = 'lobby'): Promise<string> {
  const claimed = await store.claimRounds(game, lobby, 60_000);
  expect(claimed?.isHeld).toBe(true);
  return claimed!.fence;
}

/** Returns the data to commit a match of these tickets, with the number of each ticket's last change. */
async function commitOf(game: string, tickets: readonly TicketBody[], stage: MatchRecord['stage'] = 'making'): Promise<Commit> {
  const ids = tickets.map(({ id }) => id);
  const players = tickets.flatMap((ticket) => ticket.players).length;
  const match: MatchRecord = { id: randomUUID() as RoomId, game, stage, at: 0, tickets: ids, players };
  return { match, tickets: (await changesOf(game)).filter(({ id }) => ids.includes(id)) };
}

const stateOf = async (game: string, user: UserId): Promise<string> => (await store.ofUser(game, user)).state;

describe('a stored ticket', () => {
  it('is added only once when its request is repeated', async () => {
    const game = newGame();
    const ticket = await add(game);
    expect(await other.add(ticket, CANCELLED)).toMatchObject({ outcome: 'known' });
    expect(await changesOf(game)).toMatchObject([{ id: ticket.id, isPaused: false, ticket: { players: ticket.players } }]);
    expect(await store.timeOf(game)).toBe((await changesOf(game))[0].ticket?.since);
  });

  it('replaces an older ticket of the user, and keeps the waiting time of the older ticket', async () => {
    const game = newGame();
    const user = newUser();
    const first = await add(game, [user], at(3));
    const { since } = (await changesOf(game))[0].ticket!;
    const claimed = (await store.claimRounds(game, 'lobby', 60_000))!;
    await store.keepRounds(game, 'lobby', claimed.fence, 60_000, since + 5_000);
    expect(await store.add(ticketOf(game, [user], at(2)), CANCELLED)).toEqual({ outcome: 'late' });
    const second = await add(game, [user], at(4));
    expect(await changesOf(game)).toMatchObject([
      { id: first.id, ticket: null },
      { id: second.id, ticket: { since } },
    ]);
  });

  it('ends when it belongs to a party and a member later searches alone', async () => {
    const game = newGame();
    const [ada, bob] = [newUser(), newUser()];
    const party = await add(game, [ada, bob], at(1));
    const alone = ticketOf(game, [bob], at(2));
    expect(await store.add(alone, { event: 'cancelled', reason: 'party-changed' })).toMatchObject({ replaced: [{ id: party.id }] });
    expect([await stateOf(game, ada), await stateOf(game, bob)]).toEqual(['none', 'waiting']);
    expect(await store.endOf(game, party.id)).toEqual({ event: 'cancelled', reason: 'party-changed' });
  });

  it('is cancelled by a newer request, but not by an older request', async () => {
    const game = newGame();
    const user = newUser();
    await add(game, [user], at(5));
    expect(await store.cancel(game, user, at(4), CANCELLED)).toEqual({ outcome: 'late' });
    expect(await store.cancel(game, user, at(6), CANCELLED)).toMatchObject({ outcome: 'ended', ticket: { players: [{ user }] } });
    expect(await store.cancel(game, user, at(6), CANCELLED)).toEqual({ outcome: 'none' });
  });

  it('is paused while a player of the ticket is away', async () => {
    const game = newGame();
    const user = newUser();
    await add(game, [user]);
    const isPaused = async (): Promise<boolean> => (await changesOf(game))[0].isPaused;
    await store.setPresence(game, user, at(4), false);
    expect(await isPaused()).toBe(true);
    await store.setPresence(game, user, at(3), true);
    expect(await isPaused()).toBe(true);
    await store.setPresence(game, user, { turn: 2, number: 0 }, true);
    expect(await isPaused()).toBe(false);
    expect(await store.setPresence(game, newUser(), at(9), false)).toBeNull();
  });

  it('is not ended by a runner that has not read the latest change of the ticket', async () => {
    const game = newGame();
    const user = newUser();
    const ticket = await add(game, [user]);
    const [{ change }] = await changesOf(game);
    await store.setPresence(game, user, at(4), false);
    expect(await store.end(game, [{ id: ticket.id, change }], { event: 'expired', reason: 'timed-out' })).toEqual([]);
    const [{ change: now }] = await changesOf(game);
    expect(await store.end(game, [{ id: ticket.id, change: now }], { event: 'expired', reason: 'timed-out' })).toHaveLength(1);
    expect(await store.endOf(game, ticket.id)).toEqual({ event: 'expired', reason: 'timed-out' });
    await store.forgetEnds(game, Number.MAX_SAFE_INTEGER);
    expect(await store.endOf(game, ticket.id)).toBeNull();
  });
});

describe('a ticket that a lobby of a later build has stored', () => {
  /** Uses the scripts of this build to store a text as the ticket of a user. */
  async function stored(game: string, user: UserId, json: (ticket: TicketBody) => string): Promise<TicketBody> {
    const ticket = await add(game, [user]);
    const key = `hf:match:{${game}}:tickets`;
    const since = (await redis.commands.hget(key, ticket.id))!.split(' ', 1)[0];
    await redis.commands.hset(key, ticket.id, `${since} ${json(ticket)}`);
    return ticket;
  }
  const FORMATS: readonly [string, (ticket: TicketBody) => string][] = [
    ['in a later format', (ticket) => JSON.stringify({ ...ticket, format: TICKET_FORMAT + 1 })],
    ['as a text that is no JSON', () => 'not-json'],
    ['without players', ({ id, game }) => JSON.stringify({ id, game })],
  ];

  it('keeps fields that this build does not know, even after its match failed', async () => {
    const game = newGame();
    const ticket = await stored(game, newUser(), (body) =>
      JSON.stringify({ ...body, players: [{ ...body.players[0], title: 'Dr' }], stars: 5 }),
    );
    const commit = await commitOf(game, [ticket]);
    await store.commit(game, await claim(game), [commit]);
    const [read] = await store.read(game, [ticket.id]);
    expect(await store.dissolve(commit.match, [{ ticket: { ...read, priority: 1 }, end: null }])).toEqual([true]);
    expect((await changesOf(game))[0]?.ticket).toMatchObject({ stars: 5, priority: 1, players: [{ title: 'Dr' }] });
  });

  it.each(FORMATS)('is skipped by a read of all tickets when the ticket is stored %s', async (_, json) => {
    const game = newGame();
    const user = newUser();
    const foreign = await stored(game, user, json);
    const own = await add(game);
    const changes = await changesOf(game);
    expect(changes.map(({ id, ticket, isForeign = false }) => [id, ticket?.id ?? null, isForeign])).toEqual([
      [foreign.id, null, true],
      [own.id, own.id, false],
    ]);
    const queue = new WaitingQueue();
    expect(queue.apply(changes, ({ since }) => since)).toEqual([]);
    expect([...queue.values()].map(({ ticket }) => ticket.id)).toEqual([own.id]);
    await store.forget(game, [foreign.id]);
    expect(await changesOf(game)).toHaveLength(2);
    expect(await stateOf(game, user)).toBe('foreign');
    await expect(store.read(game, [foreign.id])).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each(FORMATS)('ends when the player cancels the search or searches again (stored %s)', async (_, json) => {
    const game = newGame();
    const [leaves, repeats] = [newUser(), newUser()];
    for (const user of [leaves, repeats]) await stored(game, user, json);
    expect(await store.cancel(game, leaves, at(2), CANCELLED)).toMatchObject({ outcome: 'ended' });
    const next = await add(game, [repeats], at(2));
    expect(await store.ofUser(game, repeats)).toMatchObject({ state: 'waiting', ticket: { id: next.id } });
    expect((await changesOf(game)).filter(({ ticket }) => ticket).map(({ id }) => id)).toEqual([next.id]);
  });

  it('makes this build skip the match that contains the ticket', async () => {
    const game = newGame();
    const key = `hf:match:{${game}}:matches`;
    await redis.commands.hset(key, 'later', 'ranked 2 {}', 'broken', 'making 2 {');
    const commit = await commitOf(game, [await add(game), await add(game)]);
    await store.commit(game, await claim(game), [commit]);
    expect(await store.matches(game)).toEqual([commit.match]);
    expect(await store.matchOf(game, 'later' as RoomId)).toBeNull();
  });
});

describe('the list of changed tickets', () => {
  it('is read in parts, without the tickets that have ended', async () => {
    const game = newGame();
    const tickets = await Promise.all(Array.from({ length: 600 }, () => add(game)));
    const first = await store.readChanges(game, 0);
    const second = await store.readChanges(game, first.at(-1)!.change);
    expect(new Set([...first, ...second].map(({ id }) => id))).toEqual(new Set(tickets.map(({ id }) => id)));
    const [ended, waiting] = tickets;
    await store.end(game, [{ id: ended.id }], CANCELLED);
    await store.forget(game, [ended.id, waiting.id]);
    const left = [...(await store.readChanges(game, 0)), ...(await store.readChanges(game, first.at(-1)!.change))].map(({ id }) => id);
    expect([left.includes(ended.id), left.includes(waiting.id)]).toEqual([false, true]);
  });
});

describe('a commit', () => {
  it('changes all tickets of a match, or none', async () => {
    const game = newGame();
    const [ada, bob, carl] = [newUser(), newUser(), newUser()];
    const tickets = [await add(game, [ada]), await add(game, [bob]), await add(game, [carl])];
    const fence = await claim(game);
    const good = await commitOf(game, tickets.slice(0, 2));
    const bad = await commitOf(game, tickets.slice(1));
    await store.cancel(game, carl, at(2), CANCELLED);
    expect(await store.commit(game, fence, [bad])).toEqual([tickets[2].id]);
    expect(await stateOf(game, bob)).toBe('waiting');
    expect(await store.commit(game, fence, [good])).toEqual([null]);
    expect([await stateOf(game, ada), await stateOf(game, bob)]).toEqual(['matched', 'matched']);
    expect(await store.matches(game)).toEqual([good.match]);
    // The runner lost the answer, so it repeats the commit.
    expect(await store.commit(game, fence, [good])).toEqual([null]);
  });

  it('is refused when the lobby is not the runner any more', async () => {
    const game = newGame();
    await add(game);
    await store.claimRounds(game, 'zombie', 1);
    const zombie = await claim(game, 'zombie');
    await redis.commands.del(`hf:match:{${game}}:runner`);
    const fence = await claim(game, 'next');
    const commit = await commitOf(game, [await add(game), await add(game)]);
    expect(await store.commit(game, zombie, [commit])).toBeNull();
    expect(await store.keepRounds(game, 'zombie', zombie, 60_000, 0)).toBe(false);
    expect(await store.commit(game, fence, [commit])).toEqual([null]);
  });

  it('matches no ticket twice when two runners commit overlapping matches', async () => {
    const game = newGame();
    const users = Array.from({ length: 60 }, newUser);
    const tickets = await Promise.all(users.map((user) => add(game, [user])));
    const fence = await claim(game);
    const known = new Map((await changesOf(game)).map((change) => [change.id, change]));
    const random = (): TicketBody => tickets[Math.floor(Math.random() * tickets.length)];
    const commits = Array.from({ length: 200 }, (): Commit => {
      const [first, second] = [random(), random()];
      const match: MatchRecord = { id: randomUUID() as RoomId, game, stage: 'making', at: 0, tickets: [first.id, second.id], players: 2 };
      return { match, tickets: [known.get(first.id)!, known.get(second.id)!] };
    }).filter(
      ({
        match: {
          tickets: [first, second],
        },
      }) => first !== second,
    );
    const [cancelled, ...results] = await Promise.all([
      Promise.all(users.slice(0, 20).map((user) => other.cancel(game, user, at(2), CANCELLED))),
      ...commits.map((commit, index) => (index % 2 ? store : other).commit(game, fence, [commit])),
    ]);
    const made = commits.filter((_, index) => results[index]?.[0] === null);
    const taken = made.flatMap(({ match }) => match.tickets);
    expect(new Set(taken).size).toBe(taken.length);
    expect(made.length).toBeGreaterThan(0);
    const gone = users.slice(0, 20).filter((_, index) => cancelled[index].outcome === 'ended');
    for (const user of gone) expect(await stateOf(game, user)).toBe('none');
    // No ticket is lost: each is waiting, cancelled or in a match.
    expect(tickets.length - gone.length - taken.length).toBe((await changesOf(game)).filter(({ ticket }) => ticket !== null).length);
  });
});

describe('a stored match', () => {
  async function matched(stage: MatchRecord['stage'] = 'making') {
    const game = newGame();
    const users = [newUser(), newUser()];
    const tickets = [await add(game, [users[0]]), await add(game, [users[1]])];
    const commit = await commitOf(game, tickets, stage);
    expect(await store.commit(game, await claim(game), [commit])).toEqual([null]);
    return { game, users, tickets, match: commit.match };
  }

  it('returns its tickets to the queue exactly once, with their waiting times', async () => {
    const { game, users, tickets, match } = await matched();
    const ends = [
      { ticket: { ...tickets[0], priority: 1 }, end: null },
      { ticket: tickets[1], end: CANCELLED },
    ];
    const both = await Promise.all([store.dissolve(match, ends), other.dissolve(match, ends)]);
    expect(both.filter((returned) => returned !== null)).toEqual([[true, false]]);
    expect((await changesOf(game)).map(({ ticket }) => ticket?.priority)).toEqual([1]);
    expect([await stateOf(game, users[0]), await stateOf(game, users[1])]).toEqual(['waiting', 'none']);
  });

  it('does not return a ticket whose user has a later ticket', async () => {
    const { game, users, tickets, match } = await matched();
    const later = await add(game, [users[0]], at(2));
    expect(
      await store.dissolve(
        match,
        tickets.map((ticket) => ({ ticket, end: null })),
      ),
    ).toEqual([false, true]);
    expect((await store.ofUser(game, users[0])) as object).toMatchObject({ ticket: { id: later.id } });
  });

  it('is deleted with its tickets when the match is finished', async () => {
    const { game, users, match } = await matched();
    await store.finish(match);
    await store.finish(match);
    expect(await store.isOpen(match)).toBe(false);
    expect([await stateOf(game, users[0]), await store.has(game, users[1])]).toEqual(['none', false]);
  });

  it('moves to the stage `making` when all its players have accepted the match', async () => {
    const { game, users, match } = await matched('offered');
    expect(await store.answer(game, match.id, newUser(), 'accepted')).toBeNull();
    expect(await store.answer(game, match.id, users[0], 'accepted')).toMatchObject({ outcome: 'stored', accepted: 1, players: 2 });
    expect(await store.answer(game, match.id, users[0], 'accepted')).toMatchObject({ outcome: 'stored', accepted: 1 });
    const last = await Promise.all([store, other].map((by) => by.answer(game, match.id, users[1], 'accepted')));
    expect(last.map((answer) => answer?.outcome).sort()).toEqual(['complete', 'making']);
    expect(await store.answer(game, match.id, users[1], 'declined')).toBeNull();
    expect(await store.dissolve(match, [], 'offered')).toBeNull();
  });

  it('is counted as declined for a player who declines the match, until the count expires', async () => {
    const game = newGame();
    const user = newUser();
    const counts = await Promise.all([store, other].map((by) => by.countDecline(game, user, 60_000)));
    expect(counts.sort()).toEqual([1, 2]);
    const { count, forgottenInMs } = await store.declinesOf(game, user);
    expect(count).toBe(2);
    expect(forgottenInMs).toBeGreaterThan(59_000);
  });
});

describe('the right to run the matchmaking rounds', () => {
  it('belongs to one lobby at a time, and to another lobby after the death of the first lobby', async () => {
    const game = newGame();
    expect(await store.claimRounds(game, 'first', 60_000)).toBeNull();
    await add(game);
    const first = (await store.claimRounds(game, 'first', 60_000))!;
    const second = await store.claimRounds(game, 'second', 60_000);
    expect([first.isHeld, second?.isHeld]).toEqual([true, false]);
    const forced = await store.claimRounds(game, 'second', 60_000, second!.fence);
    expect(forced?.isHeld).toBe(true);
    expect(Number(forced?.fence)).toBeGreaterThan(Number(first.fence));
    expect(await store.keepRounds(game, 'first', first.fence, 60_000, 1)).toBe(false);
    expect(await store.keepRounds(game, 'second', forced!.fence, 0, 5_000)).toBe(true);
    expect(await store.claimRounds(game, 'third', 60_000)).toMatchObject({ isHeld: true, time: 5_000 });
  });
});
