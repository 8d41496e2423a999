import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HoldfastError, type MatchEndReason, type RequestOrder, type RoomId, type UserId } from '#libs/protocol';
import { LuaScript, RedisConnections, redisName } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { type MatchRecord, matchText, parseMatch } from './match-record.js';
import type { QueueReport } from './queue-statistics.js';
import { parseTicket, readableTickets, type StoredTicket, type TicketBody, ticketJson } from './stored-ticket.js';

const url = (name: string): URL => new URL(`./scripts/${name}.lua`, import.meta.url);
const functions = url('ticket-functions');
const addScript = new LuaScript('ticket_add', [functions, url('add-ticket')], 8);
const cancelScript = new LuaScript('ticket_cancel', [functions, url('cancel-ticket')], 7);
const endScript = new LuaScript('tickets_end', [functions, url('end-tickets')], 7);
const readScript = new LuaScript('tickets_changed', url('read-changes'), 3);
const forgetScript = new LuaScript('tickets_forget', url('forget-ended'), 2);
const commitScript = new LuaScript('matches_commit', url('commit-matches'), 5);
const finishScript = new LuaScript('match_finish', [functions, url('finish-match')], 6);
const dissolveScript = new LuaScript('match_dissolve', [functions, url('dissolve-match')], 9);
const answerScript = new LuaScript('offer_answer', [functions, url('answer-offer')], 4);
const presenceScript = new LuaScript('ticket_presence', [functions, url('mark-presence')], 6);
const declineScript = new LuaScript('decline_count', url('count-decline'), 1);
const claimScript = new LuaScript('rounds_claim', url('claim-rounds'), 4);
const keepScript = new LuaScript('rounds_keep', url('keep-rounds'), 2);

/** Returns the keys of the tickets of a game. They share a slot in a Cluster, so that one script can access all of them. */
const keysOf = (game: string) => {
  const key = (name: string): string => redisName(`match:{${game}}:${name}`);
  return {
    tickets: key('tickets'),
    users: key('users'),
    changes: key('changes'),
    state: key('state'),
    holds: key('holds'),
    away: key('away'),
    ended: key('ended'),
    matches: key('matches'),
    answers: key('answers'),
    runner: key('runner'),
    statistics: key('statistics'),
    rooms: key('rooms'),
  };
};
const gamesKey = (): string => redisName('match-games');
const declinesKey = (game: string, user: UserId): string => redisName(`match:{${game}}:declines:${user}`);
/**
 * Returns the channel for messages about changes of the queue. A lost message is harmless, because the runner also reads the changes
 * periodically.
 */
export const queueChannel = (game: string): string => redisName(`match:{${game}}`);

/** The end of a ticket without a match. */
export interface TicketEnd {
  readonly event: 'cancelled' | 'expired';
  readonly reason: MatchEndReason;
}

/** A ticket that has changed since the last read. */
export interface TicketChange {
  readonly id: string;
  readonly change: number;
  /** The ticket after the change. Null: the ticket has ended, or `isForeign` is true. */
  readonly ticket: StoredTicket | null;
  /** True: a lobby of a later build has stored the ticket. This build cannot read the ticket, so it neither matches nor ends the ticket. */
  readonly isForeign?: true;
  /** True: a user of the ticket has no connection, so the ticket must not be matched. */
  readonly isPaused: boolean;
}

export type AddedTicket =
  | { readonly outcome: 'late' }
  | { readonly outcome: 'known'; readonly since: number }
  | {
      readonly outcome: 'added';
      readonly since: number;
      /** The tickets of parties that the new ticket has replaced. */
      readonly replaced: readonly StoredTicket[];
      /** The users whose older ticket is in an offered match. These users will not answer the offer, so the caller must end the offer. */
      readonly offers: readonly { readonly match: RoomId; readonly user: UserId }[];
    };

export type CancelledTicket =
  | { readonly outcome: 'none' | 'late' }
  /** The ticket has a match whose room is not made yet. */
  | { readonly outcome: 'held'; readonly match: RoomId; readonly ticket: string }
  /** The ticket is null when a lobby of a later build has stored it. */
  | { readonly outcome: 'ended'; readonly ticket: StoredTicket | null };

/** The result of an attempt to become the runner of a game. */
export interface RoundsClaim {
  /** True: the lobby is the runner now. False: another lobby is the runner. */
  readonly isHeld: boolean;
  /** The fencing token of the runner. */
  readonly fence: string;
  /** The queue time, in ms: see `QueueTime`. */
  readonly time: number;
}

/** The state of the search of a user. */
export type UserTicket =
  | { readonly state: 'none' }
  /** A lobby of a later build has stored the ticket or its match. This build cannot read the state. */
  | { readonly state: 'foreign' }
  | { readonly state: 'waiting'; readonly ticket: StoredTicket; readonly isPaused: boolean }
  | { readonly state: 'matched'; readonly ticket: StoredTicket; readonly match: MatchRecord; readonly accepted: readonly UserId[] };

export type OfferAnswer = 'accepted' | 'declined';

/** A match to commit. `change`: the number of the ticket's last change, as the runner has read it. */
export interface Commit {
  readonly match: MatchRecord;
  readonly tickets: readonly { readonly id: string; readonly change: number }[];
}

/** A ticket of a match that is to be dissolved. `end` null: the ticket returns to the queue. */
export interface DissolvedTicket {
  readonly ticket: TicketBody;
  readonly end: TicketEnd | null;
}

/** Age of the list of games with tickets, in ms, at which a lobby reads the list again. The list changes rarely. */
const GAMES_STALE_MS = 1_000;
/** Maximum number of tickets in one read of changes. A read of this size takes about a millisecond. */
const CHANGES_READ = 500;

/**
 * The tickets of all games in Redis. Every method is one script, so it is atomic, and it is idempotent. A ticket waits, is in a match, or
 * has ended. A commit is atomic for all tickets of a match, so no ticket is in two matches.
 */
@Injectable()
export class TicketStore implements OnModuleInit {
  private readonly known = new Set<string>();
  private gamesRead: readonly string[] = [];
  private gamesReadAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly redis: RedisConnections,
    private readonly generation: StoreGeneration,
  ) {}

  onModuleInit(): void {
    // Redis may have restarted and lost the list of games. So the next ticket of each game adds the game again.
    this.generation.onConnected(() => this.known.clear());
  }

  /** Returns the games that have had tickets. The list can be up to `GAMES_STALE_MS` old. */
  async games(): Promise<readonly string[]> {
    if (performance.now() - this.gamesReadAt > GAMES_STALE_MS) {
      this.gamesRead = await this.redis.commands.smembers(gamesKey());
      this.gamesReadAt = performance.now();
    }
    return this.gamesRead;
  }

  /**
   * Adds a ticket. `replacedEnd`: the reason with which replaced tickets of parties end. Result `late`: a user already has a ticket of a
   * later request.
   */
  async add(ticket: TicketBody, replacedEnd: TicketEnd): Promise<AddedTicket> {
    const { game } = ticket;
    if (!this.known.has(game)) {
      await this.redis.commands.sadd(gamesKey(), game);
      this.known.add(game);
      this.gamesReadAt = Number.NEGATIVE_INFINITY;
    }
    const { tickets, users, changes, state, holds, away, ended, matches } = keysOf(game);
    const players = ticket.players.flatMap(({ user, asked }) => [user, asked?.turn ?? '', asked?.number ?? '']);
    const args = [ticket.id, ticketJson(ticket), queueChannel(game), endText(replacedEnd), ...players];
    const keys = [tickets, users, changes, state, holds, away, ended, matches];
    const answer = (await this.run(addScript, keys, args)) as ['late'] | ['known', string] | ['added', string, string[], string[]];
    if (answer[0] === 'late') return { outcome: 'late' };
    if (answer[0] === 'known') return { outcome: 'known', since: Number(answer[1]) };
    const [outcome, since, replaced, offers] = answer;
    return {
      outcome,
      since: Number(since),
      replaced: readableTickets(replaced),
      offers: offers.flatMap((match, at) => (at % 2 === 0 ? { match: match as RoomId, user: offers[at + 1] as UserId } : [])),
    };
  }

  /**
   * Ends the ticket of a user. With `order`, ends only a ticket that is not newer than this order. `end`: the end that is stored for the
   * other members of a party.
   */
  async cancel(game: string, user: UserId, order: RequestOrder | undefined, end: TicketEnd): Promise<CancelledTicket> {
    const { tickets, users, changes, state, holds, away, ended } = keysOf(game);
    const args = [user, order?.turn ?? '', order?.number ?? '', endText(end)];
    const answer = (await this.run(cancelScript, [tickets, users, changes, state, holds, away, ended], args)) as string[];
    const [outcome, first = '', second = ''] = answer;
    if (outcome === 'held') return { outcome, match: first as RoomId, ticket: second };
    if (outcome === 'ended') return { outcome, ticket: parseTicket(second) };
    return { outcome: outcome as 'none' | 'late' };
  }

  /** Ends waiting tickets, and returns the ended tickets. `change`: ends a ticket only if this is its last change. */
  async end(game: string, ending: readonly { readonly id: string; readonly change?: number }[], end: TicketEnd): Promise<StoredTicket[]> {
    const { tickets, users, changes, state, holds, away, ended } = keysOf(game);
    const args = ending.flatMap(({ id, change = '' }) => [id, change]);
    const answer = await this.run(endScript, [tickets, users, changes, state, holds, away, ended], [endText(end), ...args]);
    return readableTickets((answer as string[]).filter((_, index) => index % 2 === 1));
  }

  /** Returns at most `CHANGES_READ` tickets with changes after the change number `after`, in the order of their changes. */
  async readChanges(game: string, after: number): Promise<TicketChange[]> {
    const { tickets, changes, away } = keysOf(game);
    const answer = (await this.run(readScript, [tickets, changes, away], [after, CHANGES_READ])) as string[];
    const found: TicketChange[] = [];
    for (let at = 0; at < answer.length; at += 4) {
      const [id, change, stored, absent] = answer.slice(at, at + 4) as [string, string, string, string];
      const ticket = stored === '' ? null : parseTicket(stored);
      const isForeign = stored !== '' && ticket === null;
      found.push({ id, change: Number(change), ticket, ...(isForeign && { isForeign }), isPaused: isAway(absent) });
    }
    return found;
  }

  /** Removes tickets that have ended from the list of changes, after the runner has read them. */
  async forget(game: string, ids: readonly string[]): Promise<void> {
    const { tickets, changes } = keysOf(game);
    await this.run(forgetScript, [tickets, changes], ids);
  }

  /**
   * Commits matches. Returns null when another lobby has become the runner. Otherwise returns one value for each match: null when the match
   * is committed, else the id of a ticket that has changed since the runner read it.
   */
  async commit(game: string, fence: string, commits: readonly Commit[]): Promise<readonly (string | null)[] | null> {
    const { tickets, changes, holds, matches, state } = keysOf(game);
    const args: (string | number)[] = [fence];
    for (const { match, tickets: taken } of commits) {
      args.push(match.id, matchText(match), taken.length);
      for (const { id, change } of taken) args.push(id, change);
    }
    const [isRunner, ...changed] = (await this.run(commitScript, [tickets, changes, holds, matches, state], args)) as [number, ...string[]];
    return isRunner === 1 ? changed.map((ticket) => (ticket === '' ? null : ticket)) : null;
  }

  /** Removes a match with its tickets, because its room is made. */
  async finish({ id, game, tickets: held }: Pick<MatchRecord, 'id' | 'game' | 'tickets'>): Promise<void> {
    const { tickets, users, holds, away, matches, answers } = keysOf(game);
    await this.run(finishScript, [tickets, users, holds, away, matches, answers], [id, ...held]);
  }

  /**
   * Dissolves a match. `stage`: dissolves only a match in this stage. Returns null when another lobby has already finished or dissolved the
   * match. Otherwise returns for each ticket whether the ticket is in the queue again.
   */
  async dissolve(
    { id, game }: Pick<MatchRecord, 'id' | 'game'>,
    ends: readonly DissolvedTicket[],
    stage: MatchRecord['stage'] | '' = '',
  ): Promise<readonly boolean[] | null> {
    const { tickets, users, changes, state, holds, away, ended, matches, answers } = keysOf(game);
    const keys = [tickets, users, changes, state, holds, away, ended, matches, answers];
    const args = ends.flatMap(({ ticket, end }) => [ticket.id, ticketJson(ticket), end === null ? '' : endText(end)]);
    const answer = (await this.run(dissolveScript, keys, [id, queueChannel(game), stage, ...args])) as number[] | null;
    return answer?.map((returned) => returned === 1) ?? null;
  }

  /** Stores the answer of a user to an offer. Null: the user has no open offer of this match. */
  async answer(
    game: string,
    offer: RoomId,
    user: UserId,
    answer: OfferAnswer,
  ): Promise<{ readonly outcome: 'stored' | 'complete' | 'making'; readonly accepted: number; readonly players: number } | null> {
    const { users, holds, matches, answers } = keysOf(game);
    const [outcome, accepted, players] = (await this.run(answerScript, [users, holds, matches, answers], [offer, user, answer])) as [
      'unknown' | 'stored' | 'complete' | 'making',
      number,
      number,
    ];
    return outcome === 'unknown' ? null : { outcome, accepted, players };
  }

  /** Returns the answers of users to an offer. */
  async answersOf(game: string, offer: RoomId): Promise<ReadonlyMap<UserId, OfferAnswer>> {
    const text = await this.redis.commands.hget(keysOf(game).answers, offer);
    return new Map(Object.entries(JSON.parse(text ?? '{}') as Record<UserId, OfferAnswer>) as [UserId, OfferAnswer][]);
  }

  /**
   * Stores whether the user of a ticket has a connection. Returns the id of the ticket, or null when the user has no ticket. Ignores a
   * report that is older than the last report.
   */
  async setPresence(game: string, user: UserId, order: RequestOrder | undefined, isHere: boolean): Promise<string | null> {
    const { tickets, users, changes, state, holds, away } = keysOf(game);
    const args = [user, order?.turn ?? '', order?.number ?? '', isHere ? 'here' : 'away', queueChannel(game)];
    return (await this.run(presenceScript, [tickets, users, changes, state, holds, away], args)) as string | null;
  }

  /** Returns the state of the ticket of the user. */
  async ofUser(game: string, user: UserId): Promise<UserTicket> {
    const { tickets, users, holds, away, matches } = keysOf(game);
    const { commands } = this.redis;
    const id = (await commands.hget(users, user))?.split(' ', 1)[0];
    if (id === undefined) return { state: 'none' };
    const [stored, held, absent] = await Promise.all([commands.hget(tickets, id), commands.hget(holds, id), commands.hget(away, id)]);
    if (!stored) return { state: 'none' };
    const ticket = parseTicket(stored);
    if (!ticket) return { state: 'foreign' };
    const text = held && (await commands.hget(matches, held));
    if (!text) return { state: 'waiting', ticket, isPaused: isAway(absent ?? '') };
    const match = parseMatch(text);
    if (!match) return { state: 'foreign' };
    const answered = await this.answersOf(game, held as RoomId);
    return {
      state: 'matched',
      ticket,
      match,
      accepted: [...answered].flatMap(([one, answer]) => (answer === 'accepted' ? one : [])),
    };
  }

  /** Returns whether the user has a ticket of this game: a waiting ticket, or a ticket that already has a match. */
  async has(game: string, user: UserId): Promise<boolean> {
    return (await this.redis.commands.hexists(keysOf(game).users, user)) === 1;
  }

  /**
   * Returns the end of a ticket that ended within the last minutes. Null: the ticket has not ended, ended with a match, or was lost by the
   * store.
   */
  async endOf(game: string, ticket: string): Promise<TicketEnd | null> {
    const [, event, reason] = (await this.redis.commands.hget(keysOf(game).ended, ticket))?.split(' ') ?? [];
    return event === undefined ? null : ({ event, reason } as TicketEnd);
  }

  /** Removes the stored ends of tickets that ended before this queue time. */
  async forgetEnds(game: string, before: number): Promise<void> {
    const { ended } = keysOf(game);
    let cursor = '0';
    do {
      const [next, entries] = await this.redis.commands.hscan(ended, cursor, 'COUNT', 500);
      cursor = next;
      const old = entries.filter((_, index) => index % 2 === 0 && Number(entries[index + 1]!.split(' ', 1)[0]) < before);
      if (old.length > 0) await this.redis.commands.hdel(ended, ...old);
    } while (cursor !== '0');
  }

  /** Returns whether the match is still in the store, because its room is not made yet. */
  async isOpen({ id, game }: Pick<MatchRecord, 'id' | 'game'>): Promise<boolean> {
    return (await this.redis.commands.hexists(keysOf(game).matches, id)) === 1;
  }

  /** Returns the matches of a game whose rooms are not made yet. Skips matches that only a lobby of a later build can read. */
  async matches(game: string): Promise<MatchRecord[]> {
    return (await this.redis.commands.hvals(keysOf(game).matches)).flatMap((text) => parseMatch(text) ?? []);
  }

  async matchOf(game: string, id: RoomId): Promise<MatchRecord | null> {
    const text = await this.redis.commands.hget(keysOf(game).matches, id);
    return text ? parseMatch(text) : null;
  }

  /**
   * Returns stored tickets by id. Skips an id without a ticket.
   *
   * @throws `unavailable` for a ticket that only a lobby of a later build can read, because the match would otherwise look incomplete
   */
  async read(game: string, ids: readonly string[]): Promise<StoredTicket[]> {
    if (ids.length === 0) return [];
    const found = await this.redis.commands.hmget(keysOf(game).tickets, ...ids);
    return found.flatMap((text) => {
      if (!text) return [];
      const ticket = parseTicket(text);
      if (!ticket) throw new HoldfastError('unavailable', 'A lobby of a later build has stored a ticket of this match. Try again.');
      return ticket;
    });
  }

  /**
   * Makes a lobby the runner of the rounds of a game. Null: the game has no tickets or matches. `isHeld` is false when another lobby is the
   * runner.
   *
   * @param deadFence the token of a runner that this lobby has observed to be dead
   */
  async claimRounds(game: string, lobby: string, ttlMs: number, deadFence = ''): Promise<RoundsClaim | null> {
    const { runner, state, tickets, matches } = keysOf(game);
    const answer = await this.run(claimScript, [runner, state, tickets, matches], [lobby, ttlMs, deadFence]);
    if (answer === null) return null;
    const [isHeld, fence, time] = answer as [number, string, string];
    return { isHeld: isHeld === 1, fence, time: Number(time) };
  }

  /** Returns the queue time that the runner stored last, in ms. */
  async timeOf(game: string): Promise<number> {
    return Number((await this.redis.commands.hget(keysOf(game).state, 'time')) ?? 0);
  }

  /**
   * Renews the lease of the runner and stores the queue time. Returns false when another lobby has become the runner. With `ttlMs` 0,
   * releases the lease.
   */
  async keepRounds(game: string, lobby: string, fence: string, ttlMs: number, time: number): Promise<boolean> {
    const { runner, state } = keysOf(game);
    return (await this.run(keepScript, [runner, state], [lobby, fence, ttlMs, Math.round(time)])) === 1;
  }

  /**
   * Counts a match that a user declined or did not answer, and returns the count. The count expires after `ttlMs` without another such
   * match.
   */
  async countDecline(game: string, user: UserId, ttlMs: number): Promise<number> {
    return (await this.run(declineScript, [declinesKey(game, user)], [ttlMs])) as number;
  }

  /** Returns the number of matches that a user has declined or not answered, and the time in ms until the number becomes 0. */
  async declinesOf(game: string, user: UserId): Promise<{ readonly count: number; readonly forgottenInMs: number }> {
    const key = declinesKey(game, user);
    const [count, ttl] = await Promise.all([this.redis.commands.get(key), this.redis.commands.pttl(key)]);
    return { count: Number(count ?? 0), forgottenInMs: Math.max(0, ttl) };
  }

  /**
   * Adds the room of a match to the list of rooms that later players may join. An outdated list is harmless, because the record of the room
   * decides who may join.
   */
  async addOpenRoom(game: string, room: RoomId): Promise<void> {
    await this.redis.commands.sadd(keysOf(game).rooms, room);
  }

  /**
   * Returns about `count` rooms of matches, and the cursor for the next call. The first cursor and the cursor after the last rooms are '0'.
   * A room that stays in the list during all calls from '0' to '0' is returned at least once.
   */
  async openRooms(game: string, cursor: string, count: number): Promise<{ readonly rooms: RoomId[]; readonly next: string }> {
    const [next, rooms] = await this.redis.commands.sscan(keysOf(game).rooms, cursor, 'COUNT', count);
    return { rooms: rooms as RoomId[], next };
  }

  async removeOpenRooms(game: string, rooms: readonly RoomId[]): Promise<void> {
    await this.redis.commands.srem(keysOf(game).rooms, ...rooms);
  }

  /** Stores a summary of the queue, for operators. */
  async report(report: QueueReport): Promise<void> {
    await this.redis.commands.set(keysOf(report.game).statistics, JSON.stringify(report), 'PX', STATISTICS_MS);
  }

  /** Returns the latest summaries of all queues with a runner. A summary is at most a few seconds old. */
  async reports(): Promise<QueueReport[]> {
    const games = [...(await this.games())].sort();
    const texts = await Promise.all(games.map((game) => this.redis.commands.get(keysOf(game).statistics)));
    return texts.flatMap((text) => (text === null ? [] : (JSON.parse(text) as QueueReport)));
  }

  private run(script: LuaScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return script.run(this.redis.commands, keys, args);
  }
}

/**
 * Time for which the last summary of a queue is shown, in ms. The summary of an empty queue then disappears, because an empty queue has no
 * runner.
 */
const STATISTICS_MS = 30_000;

function endText({ event, reason }: TicketEnd): string {
  return `${event} ${reason}`;
}

/** Returns whether a user of the ticket is away, by the reports that `mark-presence.lua` has stored. */
function isAway(reports: string): boolean {
  return reports !== '' && Object.values(JSON.parse(reports) as Record<string, string>).some((report) => report.endsWith(' away'));
}
