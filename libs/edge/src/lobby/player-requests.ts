import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import {
  HoldfastError,
  isBefore,
  type PlayerAnswer,
  type PlayerRequest,
  type RequestOrder,
  type RoomView,
  type ServerId,
} from '#libs/protocol';
import { StoreGeneration, UserRooms } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { Metrics } from '#libs/telemetry';
import { RECORD_WAIT_MS, RESTORE_RETRY_MS } from '../edge.options.js';
import { failureOf } from '../failure-of.js';
import { RoomRecordCache } from '../room/room-record-cache.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { LobbyRouter } from './lobby-router.js';
import { repeatRequest } from './repeated-request.js';

/**
 * Operations that change nothing, or whose repeat a lobby recognizes. When the lobby is lost, the gateway sends the request to another
 * lobby.
 */
const READS: ReadonlySet<string> = new Set(['games.list', 'rooms.list', 'match.status', 'me', 'chat.send', 'chat.history', 'chat.mute']);
/**
 * Operations that the gateway does not cancel after a lost answer. Reads change nothing. A search may continue, because the client learns
 * of the search from `me`. If the gateway cancelled the acceptance of a match, it would also cancel the request for the search.
 */
const NOT_VOIDED: ReadonlySet<string> = new Set([...READS, 'match.find', 'match.accept']);
/**
 * Operations by which a player enters a room. The gateway sends them only after the answer to an earlier `rooms.leave`. Otherwise the lobby
 * could refuse them with `already-in-room`.
 */
const ENTERING: ReadonlySet<string> = new Set(['rooms.create', 'rooms.join', 'rooms.watch', 'match.find']);
/** Refusals after which the outcome of a repeated request is still unknown. The gateway then repeats the request again. */
const UNDECIDED: ReadonlySet<string> = new Set(['unavailable', 'busy', 'server-lost']);

/**
 * Sends the requests of players to lobbies. A request keeps its request order when the gateway sends it again.
 *
 * An answer is valid only if the store has not restarted since the gateway sent the request. A restarted store may have lost the result, so
 * the gateway repeats the request after the store is settled.
 */
@Injectable()
export class PlayerRequests {
  private lastRun: string | null = null;

  constructor(
    private readonly lobbies: LobbyRouter,
    private readonly userRooms: UserRooms,
    private readonly generation: StoreGeneration,
    private readonly settlement: StoreSettlement,
    private readonly cache: RoomRecordCache,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Sends a request of the player and returns the answer. Before it returns, waits at most `RECORD_WAIT_MS` until this gateway has the room
   * record that the answer names. The gateway can then restore this record if the store loses it.
   *
   * @param timeoutMs for all repetitions together
   * @throws the lobby's refusal, `server-lost` when the link to the lobby closes before its answer, `unavailable` when no lobby is
   *   reachable or the store is not settled in time
   */
  async send(session: GatewaySession, operation: string, data: unknown, timeoutMs: number): Promise<PlayerAnswer> {
    const sending = this.sendInOrder(session, operation, data, timeoutMs);
    if (operation === 'rooms.leave') {
      const leaving = sending.then(noop, noop);
      session.leaving = leaving;
      void leaving.then(() => {
        if (session.leaving === leaving) session.leaving = null;
      });
    }
    return sending;
  }

  private async sendInOrder(session: GatewaySession, operation: string, data: unknown, timeoutMs: number): Promise<PlayerAnswer> {
    const endsAt = performance.now() + timeoutMs;
    const order = session.nextRequestOrder();
    const stopTimer = this.metrics.lobbyRequestSeconds.startTimer();
    session.unanswered = [...session.unanswered, order.number];
    try {
      if (session.leaving && ENTERING.has(operation)) await session.leaving;
      const { user, name, claims, id, binding } = session;
      const room = binding ? { id: binding.room, watching: binding.watching } : undefined;
      const request: PlayerRequest = {
        caller: {
          user,
          name,
          session: id,
          gateway: this.lobbies.gateway as ServerId,
          asked: order,
          ...(claims && { claims }),
          ...(room && { room }),
        },
        data,
      };
      const answer = await this.sendInOneRun(session, operation, request, endsAt);
      noteSearch(session, operation, data, order, answer);
      this.metrics.lobbyRequests.inc({ result: 'answered' });
      return answer;
    } catch (error) {
      this.metrics.lobbyRequests.inc({ result: failureOf(error) });
      const code = error instanceof HoldfastError ? error.code : '';
      if ((code === 'server-lost' || code === 'unavailable') && !NOT_VOIDED.has(operation)) await this.voidRequest(session, order);
      throw error;
    } finally {
      stopTimer();
      session.unanswered = session.unanswered.filter((number) => number !== order.number);
    }
  }

  private async sendInOneRun(session: GatewaySession, operation: string, request: PlayerRequest, endsAt: number): Promise<PlayerAnswer> {
    const remainingMs = (): number => Math.max(endsAt - performance.now(), 1);
    if (READS.has(operation)) return this.read(session, operation, request, remainingMs());
    const send = async (name: string, data: unknown): Promise<PlayerAnswer> =>
      this.lobbies.send(session, name, { ...request, data }, remainingMs());
    let before: PlayerAnswer | null = null;
    for (let isRepeated = false; ; isRepeated = true) {
      const run = this.storeRun;
      try {
        const answer: PlayerAnswer = await (isRepeated ? repeatRequest(send, operation, request, before) : send(operation, request.data));
        if (this.storeRun === run) await this.whenCached(answer);
        if (this.storeRun === run) return answer;
        before = answer;
      } catch (error) {
        const isSameRun = this.storeRun === run;
        const mayHelp = !isSameRun || (isRepeated && error instanceof HoldfastError && UNDECIDED.has(error.code));
        if (!mayHelp || performance.now() > endsAt) throw error;
        if (isSameRun) await sleep(RESTORE_RETRY_MS);
      }
      await this.whenSettled(endsAt);
    }
  }

  /** Waits for the room record that the answer names, for a limited time. A player gets the answer even if the record does not arrive. */
  private async whenCached({ binding, data }: PlayerAnswer): Promise<void> {
    const room = (data as { room?: Partial<RoomView> | null } | null | undefined)?.room;
    const id = binding?.room ?? room?.id;
    const rev = binding?.rev ?? room?.rev;
    if (id !== undefined && rev !== undefined) await this.cache.whenKnown(id, rev, RECORD_WAIT_MS);
  }

  /**
   * Sends a read, and repeats it once when its lobby is lost. The answer is valid even after a restart of the store, because a read changes
   * nothing.
   */
  private async read(session: GatewaySession, operation: string, request: PlayerRequest, timeoutMs: number): Promise<PlayerAnswer> {
    try {
      return await this.lobbies.send(session, operation, request, timeoutMs);
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'server-lost')) throw error;
      return this.lobbies.send(session, operation, request, timeoutMs);
    }
  }

  /** The store generation at the last contact of this gateway with the store. It does not change while the store is unreachable. */
  private get storeRun(): string | null {
    this.lastRun = this.generation.current ?? this.lastRun;
    return this.lastRun;
  }

  /**
   * Waits until the store is settled.
   * @throws `unavailable` when the store is not settled at `endsAt`
   */
  private async whenSettled(endsAt: number): Promise<void> {
    for (;;) {
      try {
        return await this.settlement.whenSettled(Math.max(endsAt - performance.now(), 1));
      } catch (error) {
        // The store may be unreachable only for a moment, so the wait continues until `endsAt`.
        if (performance.now() > endsAt) throw error;
        await sleep(RESTORE_RETRY_MS);
      }
    }
  }

  /** Cancels a request before the player learns that the request failed. Otherwise a lobby that hangs could execute the request later. */
  private async voidRequest(session: GatewaySession, { turn, number }: RequestOrder): Promise<void> {
    session.requestNumber = Math.max(session.requestNumber, number + 1);
    // If the store does not answer, the player's next request has a higher number and cancels this request.
    await this.userRooms.overtake(session.user, { turn, number: number + 1 }).catch(() => {});
  }
}

function noop(): void {}

/**
 * Records the search of the session, because Redis can lose the ticket. The answer to a search can arrive after the answer to its
 * cancellation, so the request order decides whether the search has ended.
 */
function noteSearch(
  session: GatewaySession,
  operation: string,
  data: unknown,
  order: RequestOrder,
  { binding, data: answer }: PlayerAnswer,
): void {
  if (binding || operation === 'match.cancel') {
    session.search = null;
    session.searchEndedBy = order;
    if (operation === 'match.cancel' || !binding?.watching) session.ticket = null;
    return;
  }
  const ticket = ticketOf(answer);
  const isOver = isBefore(order, session.searchEndedBy) || (ticket !== null && ticket === session.endedTicket);
  if (operation !== 'match.find' || ticket === null || isOver) return;
  session.search = { data, requestOrder: order };
  session.ticket = { ticket, game: (data as { game: string }).game, checkedAt: performance.now() };
}

/**
 * Returns the ticket in the answer. Null: the player does not wait for a match. Empty string: a lobby of an earlier version sent no ticket.
 */
function ticketOf(answer: unknown): string | null {
  const { waiting, ticket = '' } = (answer ?? {}) as { waiting?: unknown; ticket?: string };
  return waiting === true ? ticket : null;
}
