import { Inject, Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import {
  type AddedTicket,
  type MatchRecord,
  MatchRounds,
  RatingStore,
  type TicketBody,
  type TicketEnd,
  type TicketPlayer,
  TicketStore,
  ticketIdOf,
  type UserTicket,
} from '#libs/matchmaking';
import {
  type Caller,
  HoldfastError,
  type MatchMessage,
  type MatchRules,
  type MatchWish,
  type RequestOrder,
  type RoomId,
  rulesOfMode,
  type UserId,
} from '#libs/protocol';
import { quoted } from '#libs/room';
import { isMember, type RoomRecord, RoomRecords, UserRooms } from '#libs/room-store';
import { DissolvedMatches } from './dissolved-matches.js';
import { GameCatalogue } from './game-catalogue.js';
import { DECLINES_MAX, LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { MatchNotifier } from './match-notifier.js';
import { MatchRooms, progressOf, unknownOffer } from './match-rooms.js';
import { leaderOf, partyOf } from './parties.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { RoomService } from './room-service.js';
import { UserTickets } from './user-tickets.js';

/** Maximum time in ms for which a cancel waits until the room of a found match is made. */
const ROOM_CREATION_MS = 1_000;
/** Time in ms between two reads of the room's record, while a cancel waits for the room of a match. */
const ROOM_POLL_MS = 20;
/** Each acceptance of an offer is reported to all its players only if the offer has at most this number of players. */
const ACCEPTED_TOLD_MAX = 16;

/** The result of a search: the room of its match, or the id of the waiting ticket. */
export type Found = { readonly room: RoomRecord } | { readonly ticket: string };

type ReplacedOffer = Extract<AddedTicket, { outcome: 'added' }>['offers'][number];

/** A search that a gateway has recorded. */
export interface KnownSearch {
  readonly user: UserId;
  readonly game: string;
  readonly ticket: string;
  readonly asked?: RequestOrder;
}

/** Handles the requests of players about matchmaking. `MatchRounds` makes the matches. */
@Injectable()
export class Matchmaker {
  constructor(
    private readonly store: TicketStore,
    private readonly rounds: MatchRounds,
    private readonly matches: MatchRooms,
    private readonly tickets: UserTickets,
    private readonly dissolved: DissolvedMatches,
    private readonly notifier: MatchNotifier,
    private readonly rooms: RoomService,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly games: GameCatalogue,
    private readonly optionsCheck: RoomOptionsCheck,
    private readonly ratings: RatingStore,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {}

  /**
   * Adds a ticket for the caller, or for the caller's party.
   *
   * @throws `already-in-room`, `overtaken`, `bad-data` for an unknown mode or options that the game refuses, `unknown-region`,
   * `search-blocked`, or a refusal of `partyFor` or `GameCatalogue.mustGet`
   */
  async find(caller: Caller, wish: MatchWish): Promise<Found> {
    const { game } = wish;
    this.games.mustGet(game);
    const rules = this.games.matchRulesOf(game, this.options.matchWaitMs);
    const mode = rules && this.rulesFor(rules, wish);
    if (wish.options !== undefined) await this.optionsCheck.refuseFlawed(game, wish.options);
    this.games.refuseUnknownRegions(Object.keys(wish.regions ?? {}));
    const id = ticketIdOf(game, caller.user, caller.asked);
    const party = wish.party ? await this.partyFor(caller, game, mode?.seats.max, mode?.teams?.size.max) : null;
    const players = party?.players ?? [playerOf(caller)];
    await this.refuseBlocked(game, players);
    if (party) await this.overtake(caller);
    else await this.overtakeFree(caller);
    const rated = mode?.rating ? await this.withRatings(game, players, mode.rating === 'per-mode' ? wish.mode : undefined) : players;
    for (const { user, asked } of players) {
      const before = await this.userRooms.ticketOf(user);
      // A user has at most one ticket. The new ticket replaces only a ticket of the same game, so this call ends a ticket of another game.
      if (before && before.game !== game) await this.tickets.end(user, asked, { event: 'cancelled', reason: 'cancelled' });
    }
    const noted = await Promise.all(players.map(({ user, asked }) => this.userRooms.noteTicket(user, { ticket: id, game }, asked)));
    if (noted.includes(false)) throw new HoldfastError('overtaken');
    const { mode: modeName, options, regions, attributes } = wish;
    const region = wish.region ?? this.rooms.regionOf(caller);
    const ticket: TicketBody = {
      id,
      game,
      players: rated,
      ...(modeName !== undefined && { mode: modeName }),
      ...(options && { options }),
      ...(region !== undefined && { region }),
      ...(regions && { regions }),
      ...(attributes && { attributes }),
      ...(party && { party: party.room }),
    };
    return this.add(ticket, caller);
  }

  private async add(ticket: TicketBody, caller: Caller): Promise<Found> {
    const { id, game } = ticket;
    const added = await this.store.add(ticket, { event: 'cancelled', reason: 'entered-room' });
    if (added.outcome === 'late') throw new HoldfastError('overtaken');
    if (added.outcome === 'added') {
      const end: TicketEnd = { event: 'cancelled', reason: 'party-changed' };
      for (const replaced of added.replaced) await this.notifier.endedForOthers(replaced, caller.user, end);
      await this.leaveOffers(ticket, added.offers, caller.user);
    }
    // The session of a player may have ended before the ticket was in the queue. The departure then did not find the ticket.
    for (const { user, asked } of ticket.players) {
      if (!asked || !(await this.userRooms.moveStatus(user, { asked, outlivesAdmissions: true })).isLate) continue;
      // Ends only this ticket, because a later search of the user may have added another ticket.
      const end: TicketEnd = { event: 'cancelled', reason: 'party-changed' };
      for (const ended of await this.store.end(game, [{ id }], end)) await this.notifier.endedForOthers(ended, user, end);
      throw new HoldfastError('overtaken');
    }
    // Notifies the other members of the party that the search has begun.
    if (ticket.players.length > 1) await this.matches.progress({ ...ticket, since: added.since }, 0, null);
    const room = (await this.rounds.settle(game, id)) as RoomRecord | null;
    return room && isMember(room, caller.user) ? { room } : { ticket: id };
  }

  /**
   * Ends the offered matches that contain older tickets of these players, so that the other players of those matches do not wait. If the
   * caller is in the match, only the caller counts as a player who declined it. Otherwise all of these players who are in the match count
   * as players who declined it.
   */
  private async leaveOffers({ game, players }: TicketBody, offers: readonly ReplacedOffer[], caller: UserId): Promise<void> {
    const isMoving = (user: UserId): boolean => players.some((player) => player.user === user);
    for (const id of new Set(offers.map(({ match }) => match))) {
      const users = offers.flatMap(({ match, user }) => (match === id ? user : []));
      const blamed = users.includes(caller) ? [caller] : users;
      const match = await this.store.matchOf(game, id);
      const end: TicketEnd = { event: 'cancelled', reason: 'party-changed' };
      // Sends the players of the new ticket no message about the end of the old ticket, because their clients would interpret this message
      // as the end of the new search.
      if (match) await this.dissolved.failOffer(match, (user) => blamed.includes(user), { end, isTold: (user) => !isMoving(user) });
    }
  }

  /** Returns the rules of the wanted mode. Throws `bad-data` for a mode that the game does not have. */
  private rulesFor(rules: MatchRules, { mode }: MatchWish): MatchRules {
    const found = rulesOfMode(rules, mode);
    if (found) return found;
    const modes = Object.keys(rules.modes ?? {});
    const known = modes.length === 0 ? 'The game has no modes; leave it out.' : `There are: ${modes.map(quoted).join(', ')}.`;
    throw new HoldfastError('bad-data', `mode: the game has no mode ${quoted(mode ?? '')}. ${known}`);
  }

  /**
   * Returns the players of the caller's party, the caller first.
   *
   * @throws `not-in-room`, `room-playing`, `not-owner`, `bad-data` when the room is for another game, `not-ready` when a member has no
   *   connection, `party-too-large`
   */
  private async partyFor(
    caller: Caller,
    game: string,
    seatsMax = Number.POSITIVE_INFINITY,
    teamMax = Number.POSITIVE_INFINITY,
  ): Promise<{ readonly room: RoomId; readonly players: readonly TicketPlayer[] }> {
    const record = await this.rooms.roomOf(caller);
    if (record.status !== 'waiting') throw new HoldfastError('room-playing');
    if (leaderOf(record, caller.user) !== caller.user) throw new HoldfastError('not-owner');
    if (record.game !== game) throw new HoldfastError('bad-data', `game: the room of your party is for ${quoted(record.game)}.`);
    const members = partyOf(record, caller.user) ?? [];
    const away = members.filter(({ here }) => !here);
    if (away.length > 0) throw new HoldfastError('not-ready', `Without a connection: ${away.map(({ name }) => name).join(', ')}.`);
    const max = Math.min(seatsMax, teamMax);
    if (members.length > max)
      throw new HoldfastError(
        'party-too-large',
        `The party has ${members.length} members; ${max} can play together in a match of this game.`,
      );
    const players = await Promise.all(
      members.map(async ({ user, name, claims }) => {
        if (user === caller.user) return playerOf(caller);
        // The match moves a member only if the member has made no later request to enter another room. That request would have a higher
        // request order than `asked`.
        return { user, name, ...(claims && { claims }), asked: await this.userRooms.lastRequestOrder(user) };
      }),
    );
    return { room: record.id, players };
  }

  /** Reads the ratings once, when the ticket is made. A player without a rating gets the rating of a new player. */
  private async withRatings(game: string, players: readonly TicketPlayer[], mode: string | undefined): Promise<readonly TicketPlayer[]> {
    const users = players.map(({ user }) => user);
    const ratings = await this.ratings.ratings(game, users, mode);
    return players.map((player, index) => ({ ...player, ...(ratings[index] && { rating: ratings[index] }) }));
  }

  private async refuseBlocked(game: string, players: readonly TicketPlayer[]): Promise<void> {
    for (const { user } of players) {
      const { count, forgottenInMs } = await this.store.declinesOf(game, user);
      if (count >= DECLINES_MAX) throw new HoldfastError('search-blocked', undefined, { retryAfterMs: forgottenInMs });
    }
  }

  private async overtake({ user, asked }: Caller): Promise<void> {
    if (!(await this.userRooms.overtake(user, asked))) throw new HoldfastError('overtaken');
  }

  /** Voids all older requests of a caller who is in no room. Throws `already-in-room` for a member of a room. */
  private async overtakeFree(caller: Caller): Promise<void> {
    const { user, asked } = caller;
    const deadline = performance.now() + ROOM_CREATION_MS;
    for (;;) {
      const isFree = await this.userRooms.overtakeIfFree(user, asked);
      if (isFree === true) return;
      if (isFree === false) throw new HoldfastError('overtaken');
      // The stored room of the user is only a hint. The record of the room decides whether the user is a member.
      const record = await this.records.read(isFree);
      if (record && isMember(record, user)) throw new HoldfastError('already-in-room');
      // If the record is missing, another lobby is possibly about to create the room, for the match of an earlier search. So this lobby
      // waits.
      if (!record && performance.now() < deadline) {
        await sleep(ROOM_POLL_MS);
        continue;
      }
      if (!(await this.userRooms.move(user, null, { asked, from: isFree }))) throw new HoldfastError('overtaken');
      return;
    }
  }

  /**
   * Cancels the ticket of the user or of the user's party, and declines an offered match. Voids all older requests of the user, so that
   * they cannot put the user into a room later. Returns false when no ticket was cancelled, for example because a match was found.
   *
   * @throws `overtaken` when a newer request has already been executed
   */
  async cancel(caller: Pick<Caller, 'user' | 'asked'>): Promise<boolean> {
    const { user, asked } = caller;
    const deadline = performance.now() + ROOM_CREATION_MS;
    for (;;) {
      const room = await this.userRooms.overtakeIfFree(user, asked);
      if (room === true) return this.endTicket(caller);
      if (room === false) throw new HoldfastError('overtaken');
      const record = await this.records.read(room);
      if (record && isMember(record, user)) return this.cancelParty(caller, record);
      // If the record is missing, the lobby of the match is possibly about to create the room. So this lobby waits.
      if (record || performance.now() > deadline) break;
      await sleep(ROOM_POLL_MS);
    }
    if (!(await this.userRooms.overtake(user, asked))) throw new HoldfastError('overtaken');
    return this.endTicket(caller);
  }

  /** Cancels the ticket of the party in this room. If the party of this room has no ticket, cancels nothing and returns false. */
  private async cancelParty(caller: Pick<Caller, 'user' | 'asked'>, record: RoomRecord): Promise<boolean> {
    const found = await this.tickets.of(caller.user);
    if (found?.ticket.party !== record.id) return false;
    if (!(await this.userRooms.overtake(caller.user, caller.asked))) throw new HoldfastError('overtaken');
    return this.endTicket(caller);
  }

  private async endTicket({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<boolean> {
    const found = await this.tickets.of(user);
    if (found?.state === 'matched' && found.match.stage === 'offered') {
      await this.declineOffer(found.match.game, found.match.id, user).catch(ignoreOver);
      return true;
    }
    return this.tickets.end(user, asked, { event: 'cancelled', reason: 'cancelled' });
  }

  /**
   * Accepts an offered match. Returns the room when this was the last acceptance, or when the match is already made. Idempotent.
   *
   * @throws `offer-unknown`
   */
  async accept({ user }: Pick<Caller, 'user'>, offer: string): Promise<RoomRecord | null> {
    const game = await this.tickets.gameOf(user);
    const committedAt = performance.now();
    const answer = game === null ? null : await this.store.answer(game, offer as RoomId, user, 'accepted');
    if (game === null || !answer) return this.roomOfMatch(user, offer as RoomId);
    if (answer.outcome === 'making') return null;
    const match = await this.store.matchOf(game, offer as RoomId);
    if (!match) return null;
    const tickets = await this.store.read(game, match.tickets);
    if (answer.outcome === 'complete') {
      const room = await this.matches.make(match, tickets, committedAt);
      return room && isMember(room, user) ? room : null;
    }
    if (answer.players <= ACCEPTED_TOLD_MAX)
      await this.matches.offer(match, tickets, await this.acceptMsLeft(match, tickets[0]?.mode), answer.accepted);
    return null;
  }

  /**
   * Returns the room of the user's match. Called when the match is not offered any more: a client that lost the answer to its acceptance
   * repeats the acceptance, and the room of the match can exist by then. Null: the room is not made yet.
   *
   * @throws `offer-unknown`
   */
  private async roomOfMatch(user: UserId, match: RoomId): Promise<RoomRecord | null> {
    const pointer = await this.userRooms.get(user);
    if (pointer?.room !== match || pointer.watching) throw unknownOffer();
    const room = await this.records.read(match);
    if (room && !isMember(room, user)) throw unknownOffer();
    return room;
  }

  /** Returns the remaining time to answer an offer, in ms. */
  private async acceptMsLeft({ game, at }: MatchRecord, mode: string | undefined): Promise<number> {
    const rules = this.matches.rulesOf(game);
    const { acceptMs = 0 } = (rules && rulesOfMode(rules, mode)) ?? {};
    return Math.max(0, Math.min(acceptMs, acceptMs - ((await this.store.timeOf(game)) - at)));
  }

  /** @throws `offer-unknown` */
  async decline({ user }: Pick<Caller, 'user'>, offer: string): Promise<void> {
    const game = await this.tickets.gameOf(user);
    if (game === null) throw unknownOffer();
    await this.declineOffer(game, offer as RoomId, user);
  }

  private async declineOffer(game: string, offer: RoomId, user: UserId): Promise<void> {
    if (!(await this.store.answer(game, offer, user, 'declined'))) throw unknownOffer();
    const match = await this.store.matchOf(game, offer);
    if (match) await this.dissolved.failOffer(match, (one) => one === user);
  }

  /** Returns the state of the user's search as a message. Null: the user is not searching, and no recent search has ended. */
  async status(user: UserId): Promise<MatchMessage | null> {
    const hint = await this.userRooms.ticketOf(user);
    return hint && this.stateOf(await this.store.ofUser(hint.game, user), hint.game, hint.ticket);
  }

  private async stateOf(found: UserTicket, game: string, ticket: string): Promise<MatchMessage | null> {
    if (found.state === 'waiting') {
      const { id } = found.ticket;
      void this.rounds.explain(game, id).catch(() => {});
      return {
        kind: 'match',
        game,
        ticket: id,
        event: 'searching',
        ...(found.isPaused && { paused: true as const }),
        ...progressOf(this.rounds.progressOf(game, id)),
      };
    }
    if (found.state === 'matched') {
      const { match, accepted } = found;
      const named = { kind: 'match', game, ticket: found.ticket.id } as const;
      if (match.stage === 'making') return { ...named, event: 'searching' };
      const acceptMs = await this.acceptMsLeft(match, found.ticket.mode);
      return { ...named, event: 'offered', offer: match.id, acceptMs, players: match.players, accepted: accepted.length };
    }
    const end = await this.store.endOf(game, ticket);
    return end && { kind: 'match', game, ticket, ...end };
  }

  /**
   * Compares the searches of a gateway with the tickets, because messages to players can be lost. Also marks the users of these searches as
   * connected. Returns for each search the message that its player has missed, or null.
   */
  async check(searches: readonly KnownSearch[]): Promise<(MatchMessage | null)[]> {
    return Promise.all(searches.map((search) => this.checkOne(search)));
  }

  private async checkOne({ user, game, ticket, asked }: KnownSearch): Promise<MatchMessage | null> {
    await this.store.setPresence(game, user, asked, true);
    const found = await this.store.ofUser(game, user);
    // Only lobbies of a later build can read this ticket. Those lobbies match or end the ticket, and notify the player.
    if (found.state === 'foreign') return null;
    const state = await this.stateOf(found, game, ticket);
    if (state) return state;
    const room = await this.userRooms.roomOfTicket(user, ticket);
    if (room) return { kind: 'match', game, ticket, event: 'matched', room };
    const hint = await this.userRooms.ticketOf(user);
    // The user has a newer ticket. Messages about the newer ticket follow.
    if (hint && hint.ticket !== ticket) return null;
    return { kind: 'match', game, ticket, event: 'expired', reason: 'lost' };
  }

  /** Pauses the ticket of a user who has lost the connection. Voids a search request that no lobby has executed yet. */
  async searcherGone({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    if (await this.tickets.setPresence(user, asked, false)) return;
    if (await this.userRooms.overtake(user, asked)) await this.tickets.end(user, asked, { event: 'expired', reason: 'gone' });
  }
}

function playerOf({ user, name, session, gateway, asked, claims }: Caller): TicketPlayer {
  return { user, name, session, gateway, ...(asked && { asked }), ...(claims && { claims }) };
}

/** Ignores `offer-unknown`, which means that the offer has already ended. */
function ignoreOver(error: unknown): void {
  if (!(error instanceof HoldfastError && error.code === 'offer-unknown')) throw error;
}
