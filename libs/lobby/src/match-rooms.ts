import { Inject, Injectable } from '@nestjs/common';
import type { MatchExplanation } from '#libs/matchmaking';
import {
  MatchHost,
  type MatchRecord,
  type OpenRoom,
  type StoredTicket,
  type TicketEnd,
  type TicketPlayer,
  TicketStore,
} from '#libs/matchmaking';
import { LoadBalancerService } from '#libs/placement';
import { HoldfastError, type MatchProgress, type MatchRules, type RoomId, rulesOfMode, type UserId } from '#libs/protocol';
import { isMember, type RoomDoc, type RoomRecord, RoomRecords, UserRooms } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { DissolvedMatches } from './dissolved-matches.js';
import { SERVER_PASS } from './entry-pass.js';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { MatchNotifier } from './match-notifier.js';
import { OpenRooms } from './open-rooms.js';
import { partiesOf, partyOf } from './parties.js';
import { join, newRoom } from './room-rules.js';
import { newRoomId, RoomService } from './room-service.js';
import { RoomWriter } from './room-writer.js';

/**
 * Age of a match in ms after which another lobby has possibly made the room of the match already. It is half of the age at which another
 * lobby continues the match.
 */
const UNDISPUTED_MS = 2_500;

/**
 * Makes the rooms of matches, and puts the players of tickets into rooms with free seats. Another lobby can repeat all of this work without
 * making a second room, because the room has the id of its match.
 */
@Injectable()
export class MatchRooms extends MatchHost {
  constructor(
    private readonly tickets: TicketStore,
    private readonly dissolved: DissolvedMatches,
    private readonly rooms: RoomService,
    private readonly writer: RoomWriter,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly starter: GameStarter,
    private readonly games: GameCatalogue,
    private readonly notifier: MatchNotifier,
    private readonly balancer: LoadBalancerService,
    private readonly open: OpenRooms,
    private readonly log: Log,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {
    super();
  }

  override newRoomId(): RoomId {
    return newRoomId();
  }

  override rulesOf(game: string): MatchRules | null {
    return this.games.matchRulesOf(game, this.options.matchWaitMs) ?? null;
  }

  /**
   * Makes the room of a match and starts its game. Returns null when a player has entered another room since the search. The tickets of the
   * other players then return to the queue. Also returns null when another lobby has already made and closed the room.
   */
  override async make(
    match: MatchRecord,
    tickets: readonly StoredTicket[],
    committedAt = Number.NEGATIVE_INFINITY,
  ): Promise<RoomRecord | null> {
    // If this lobby was suspended for longer than `UNDISPUTED_MS`, another lobby has possibly made the room, so this lobby makes no second
    // room for a match that is no longer open.
    const isUndisputed = performance.now() - committedAt < UNDISPUTED_MS;
    if (!isUndisputed && !(await this.tickets.isOpen(match))) return this.records.read(match.room ?? match.id);
    if (match.room !== undefined) return this.fill(match, match.room, tickets);
    if (tickets.length < match.tickets.length) return this.dissolve(match, tickets, new Set());
    const players = tickets.flatMap((ticket) => ticket.players.map((player) => ({ player, ticket })));
    const entered = await Promise.all(
      players.map(({ player: { user, asked }, ticket }) => this.userRooms.enterMatch(user, match.id, asked, ticket)),
    );
    // Another lobby has possibly made the room and died, and a player has left the room since. In this case the other players stay in the
    // room.
    const isMade = entered.includes(false) && entered.includes(true) && (await this.records.read(match.id)) !== null;
    if (entered.includes(false) && !isMade) return this.dissolve(match, tickets, gone(players, entered));
    const people = players.map(({ player }) => player);
    const room = await this.rooms.make(match.id, match.game, this.docOf(match, tickets), people, { outlivesAdmissions: true });
    const isIn = people.map(({ user }) => isMember(room, user));
    const isUnplayed = room.status === 'waiting' && room.round === 0;
    if (isUnplayed && isIn.includes(false) && (await this.writer.close(room, 'not-in-room')))
      return this.dissolve(match, tickets, gone(players, isIn));
    if (room.doc.backfill) await this.tickets.addOpenRoom(match.game, room.id);
    let started = room;
    try {
      started = await this.starter.start(room, people[0]!.user, this.balancer);
    } catch (error) {
      // The game has not started, but the players stay together in the room. The host can start the game when there is capacity.
      this.log.warn('match.start-failed', { roomId: room.id, error });
    }
    await this.finish(match, tickets, room);
    return started;
  }

  /**
   * Puts the players of a match into a room with free seats. Returns null when the room has no free seats any more. The tickets then return
   * to the queue.
   */
  private async fill(match: MatchRecord, id: RoomId, tickets: readonly StoredTicket[]): Promise<RoomRecord | null> {
    const players = tickets.flatMap((ticket) => ticket.players.map((player) => ({ player, ticket })));
    const entered = await Promise.all(
      players.map(({ player: { user, asked }, ticket }) => this.userRooms.enterMatch(user, id, asked, ticket)),
    );
    if (entered.includes(false)) {
      // Another lobby has possibly put the players into the room and died, and a player has left the room since. In this case the other
      // players stay in the room.
      const before = entered.includes(true) ? await this.records.read(id) : null;
      const isDone = before !== null && players.some(({ player }, index) => entered[index] && isMember(before, player.user));
      if (!isDone) return this.dissolve(match, tickets, gone(players, entered));
      await this.finish(match, tickets, before);
      return before;
    }
    let record: RoomRecord;
    try {
      record = await this.writer.change(id, (current) => {
        const terms = this.games.joinTermsOf(current);
        const now = this.rooms.now();
        return players.reduce<RoomDoc>(
          (doc, { player }) => readyIn(current, join({ ...current, doc }, player, terms, now, SERVER_PASS), player.user),
          {
            ...current.doc,
          },
        );
      });
    } catch (error) {
      // The write may have succeeded although the store did not answer. So the match stays in the store, and the next attempt finds the
      // players in the room.
      if (!(error instanceof HoldfastError)) throw error;
      this.log.info('match.seat-taken', { roomId: id, error });
      // Reads the open rooms again, because the strategy would choose this room again from an outdated record. After a ban, the room stays
      // available to matchmaking, because the ban concerns only one player.
      this.open.readAgain(match.game, error.code === 'banned' ? null : id);
      return this.dissolve(match, tickets, new Set());
    }
    // Reads the open rooms again. In the outdated record, the room has more free seats, so the strategy would choose it for too many
    // players.
    this.open.readAgain(match.game, null);
    await this.finish(match, tickets, record);
    return record;
  }

  /** Removes a match whose players are in their room, and notifies the players who are still in the room. */
  private async finish(match: MatchRecord, tickets: readonly StoredTicket[], room: RoomRecord): Promise<void> {
    await this.tickets.finish(match);
    const told = tickets.map((ticket) => ({ ...ticket, players: ticket.players.filter(({ user }) => isMember(room, user)) }));
    await Promise.all(told.map((ticket) => this.notifier.matched(ticket, room)));
    await this.leaveParties(tickets);
  }

  private docOf(match: MatchRecord, tickets: readonly StoredTicket[]): RoomDoc {
    const players = tickets.flatMap((ticket) => ticket.players);
    const [first] = tickets;
    const rules = this.rulesOf(match.game);
    const mode = rules && rulesOfMode(rules, first?.mode);
    const count = players.length;
    const filledTo = count + (match.bots ?? 0);
    const isJoinable = this.games.get(match.game)?.joinable === true && mode?.backfill.running === true;
    const seats = { min: count, max: isJoinable ? Math.max(filledTo, mode.seats.max) : filledTo };
    const options = first?.options ?? mode?.options;
    const name = tickets.map((ticket) => ticket.players.map((player) => player.name).join(' + ')).join(' – ');
    const doc = newRoom(players[0]!, { seats, name, near: match.region ?? first?.region, ...(options && { options }) }, this.rooms.now());
    const teamOf = (user: UserId): number => match.teams?.findIndex((team) => team.includes(user)) ?? -1;
    const members = players.map(({ user, name, claims }) => ({
      user,
      name,
      ...(claims && { claims }),
      ...(match.teams && { team: teamOf(user) }),
      readyRound: 0,
      here: true,
    }));
    const parties = partiesOf(tickets);
    return {
      ...doc,
      members,
      private: true,
      ...(match.teams && mode?.teams && { teams: { count: mode.teams.count, size: mode.teams.size.max } }),
      ...(filledTo > count && { filledTo }),
      parties,
      ...(first?.mode !== undefined && { mode: first.mode }),
      ...(isJoinable && { backfill: { ...(first?.mode !== undefined && { mode: first.mode }) } }),
    };
  }

  /** Removes the members of parties from the rooms in which they waited. If this lobby dies first, `RoomSweeper` removes them. */
  private async leaveParties(tickets: readonly StoredTicket[]): Promise<void> {
    const leaving = tickets.flatMap(({ party, players }) => (party === undefined ? [] : players.map(({ user }) => ({ party, user }))));
    for (const { party, user } of leaving) await this.rooms.removeMoved(party, user).catch(() => {});
  }

  /**
   * Dissolves a match because some of its players are gone. Ends their tickets, and returns the other tickets to the queue.
   *
   * @param goneUsers the players who have entered another room, or whose session has ended, since the search
   */
  private async dissolve(match: MatchRecord, tickets: readonly StoredTicket[], goneUsers: ReadonlySet<UserId>): Promise<null> {
    this.log.info('match.dissolved', { roomId: match.id, tickets: tickets.length, gone: goneUsers.size });
    await this.returnPlayers(match, tickets);
    await this.dissolved.giveBack(match, tickets, ({ players }) => {
      const isGone = players.some(({ user }) => goneUsers.has(user));
      if (!isGone) return null;
      return { event: 'cancelled', reason: players.length > 1 ? 'party-changed' : 'entered-room' };
    });
    return null;
  }

  /** Returns the players of a failed match to the rooms of their parties. Players without a party are then in no room. */
  private async returnPlayers({ id, room }: MatchRecord, tickets: readonly StoredTicket[]): Promise<void> {
    const from = room ?? id;
    await Promise.all(
      tickets.flatMap(({ players, party }) =>
        players.map(({ user, asked }) =>
          this.userRooms.move(user, party === undefined ? null : { room: party, watching: false }, {
            asked,
            outlivesAdmissions: true,
            from,
          }),
        ),
      ),
    );
  }

  override async offer(match: MatchRecord, tickets: readonly StoredTicket[], acceptMs: number, accepted = 0): Promise<void> {
    const { id, players } = match;
    await Promise.all(tickets.map((ticket) => this.notifier.tell(ticket, { event: 'offered', offer: id, acceptMs, players, accepted })));
  }

  override async lapse(match: MatchRecord): Promise<void> {
    const answers = await this.tickets.answersOf(match.game, match.id);
    // A lobby may have stored a declining answer and died. Players without an answer are then not to blame, because they had no time to
    // answer.
    const isDeclined = [...answers.values()].includes('declined');
    await this.dissolved.failOffer(match, (user) => (isDeclined ? answers.get(user) === 'declined' : answers.get(user) !== 'accepted'));
  }

  override async ended(tickets: readonly StoredTicket[], end: TicketEnd): Promise<void> {
    await Promise.all(tickets.map((ticket) => this.notifier.ended(ticket, end)));
  }

  override async progress(ticket: StoredTicket, waitedMs: number, explanation: MatchExplanation | null): Promise<void> {
    await this.notifier.tell(ticket, { event: 'searching', ...progressOf({ waitedMs, explanation }) });
  }

  override async changedParties(tickets: readonly StoredTicket[]): Promise<readonly StoredTicket[]> {
    const records = await this.records.readMany(tickets.map(({ party }) => party!));
    return tickets.filter((ticket, index) => {
      const record = records[index];
      const users = record && partyOf(record, ticket.players[0]!.user)?.map(({ user }) => user);
      return !users || users.length !== ticket.players.length || ticket.players.some(({ user }) => !users.includes(user));
    });
  }

  override async openRooms(game: string, rules: MatchRules): Promise<readonly OpenRoom[]> {
    return this.open.next(game, rules);
  }
}

/** Returns the document with this member ready for the next game of the room. */
function readyIn({ round }: RoomRecord, doc: RoomDoc, user: UserId): RoomDoc {
  return { ...doc, members: doc.members.map((member) => (member.user === user ? { ...member, readyRound: round } : member)) };
}

function gone(players: readonly { readonly player: TicketPlayer }[], isIn: readonly boolean[]): ReadonlySet<UserId> {
  return new Set(players.flatMap(({ player }, index) => (isIn[index] ? [] : player.user)));
}

/** Returns the fields of a message about the progress of a search. */
export function progressOf(
  progress: { readonly waitedMs: number; readonly explanation: MatchExplanation | null } | null,
): Partial<MatchProgress> {
  if (!progress) return {};
  const waitedMs = Math.round(progress.waitedMs);
  if (!progress.explanation) return { waitedMs };
  const { place, waiting, estimateMs, window, reason } = progress.explanation;
  return {
    waitedMs,
    place,
    waiting,
    reason,
    ...(estimateMs !== undefined && { estimateMs: Math.round(estimateMs) }),
    ...(window !== undefined && { window: Math.round(window) }),
  };
}

/** Returns the refusal of an operation on an offer that has ended. */
export function unknownOffer(): HoldfastError {
  return new HoldfastError('offer-unknown');
}
