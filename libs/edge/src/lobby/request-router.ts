import { Inject, Injectable, Optional } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import {
  bounded,
  type ErrorBody,
  encodeServerMessage,
  errorBody,
  HEADER,
  HoldfastError,
  type Operations,
  type RoomId,
  type RoomListQuery,
  readName,
  unpackBody,
} from '#libs/protocol';
import { answerTo } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { Tracer } from '#libs/tracing';
import { type ConnectionState, stateOf } from '../connection/connection-state.js';
import { chargeable, priceOf } from '../connection/operation-prices.js';
import { EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS, REQUEST_TIMEOUT_MS, REQUESTS_MAX } from '../edge.options.js';
import { SessionRooms } from '../room/session-rooms.js';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { AnswerListener } from './answer-listener.js';
import { PlayerRequests } from './player-requests.js';
import { RoomListFeeds } from './room-list-feeds.js';

/** A request that has passed all limits. */
interface PlayerRequest {
  readonly connection: PlayerConnection;
  readonly session: GatewaySession;
  readonly id: number;
  readonly operation: string;
  readonly data: unknown;
  /** True when the request contains an invite code or a password. A wrong one counts against a limit of guesses. */
  readonly isGuessed: boolean;
}

/** Handles the requests of players: charges their price, refuses those that exceed a limit, and sends the others to a lobby. */
@Injectable()
export class RequestRouter {
  private answerListeners: readonly AnswerListener[] | null = null;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly requests: PlayerRequests,
    private readonly rooms: SessionRooms,
    private readonly lists: RoomListFeeds,
    private readonly log: Log,
    private readonly explorer: ExtensionExplorer,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {}

  /** Handles the frame of a request. The client always gets an answer, unless the frame cannot be parsed. */
  async request(connection: PlayerConnection, session: GatewaySession, frame: Buffer): Promise<void> {
    if (frame.length < HEADER.request.name)
      return connection.goodbye({ code: 'bad-frame', reason: 'A request ends within its header.' }, GOODBYE_MS);
    const id = frame.readUInt32BE(HEADER.request.id);
    const answer = answerOf(connection, id);
    let operation: string;
    let data: unknown;
    try {
      const { name, end } = readName(frame, HEADER.request.nameLength);
      operation = name;
      data = unpackBody(frame, end);
    } catch (error) {
      return connection.goodbye({ code: 'bad-frame', reason: (error as Error).message }, GOODBYE_MS);
    }
    const price = priceOf(operation, data, this.options.roomsListedMax);
    // Operations between servers have no price, so a player who sends one gets `unknown-operation`.
    if (price === undefined) return answer(null, errorBody('unknown-operation', `There is no operation "${bounded(operation, 64)}".`));
    const waitMs = this.charge(stateOf(connection), price);
    if (waitMs > 0) return answer(null, errorBody('rate-limited', undefined, true, waitMs));
    // A client that does not read its answers gets this short error instead of a long answer.
    if (session.requestsPending >= REQUESTS_MAX || connection.backlogBytes > this.options.backlogBytesMax)
      return answer(null, errorBody('busy'));
    if (operation === 'rooms.unsubscribe') {
      this.lists.unsubscribe(session);
      return answer({ subscribed: false } satisfies Operations['rooms.unsubscribe']['result']);
    }
    if (operation === 'rooms.watch' && this.isFull(roomOf(data) as RoomId)) return answer(null, errorBody('too-many-watchers'));
    const { guesses } = stateOf(connection);
    // Counts a guess of an invite code or a password before the answer is known. Otherwise a client could exceed the budget with concurrent
    // requests.
    const isGuessed = isGuess(operation, data);
    if (isGuessed && !guesses.take(1, performance.now()))
      return answer(null, errorBody('too-many-attempts', undefined, true, guesses.waitMs(1, performance.now())));
    const request = { connection, session, id, operation, data, isGuessed };
    if (this.tracer === null || !this.tracer.isSampled()) return this.perform(request);
    const attributes = { 'enduser.id': session.user, 'session.id': session.id, 'holdfast.room': session.room ?? '' };
    await this.tracer.run(operation, attributes, () => this.perform(request));
  }

  /** Sends a request that is within all limits to a lobby, and answers it. Never rejects. */
  private async perform({ connection, session, id, operation, data, isGuessed }: PlayerRequest): Promise<void> {
    const answer = answerOf(connection, id);
    let isWrong = false;
    session.requestsPending += 1;
    try {
      const { data: result, binding, follow } = await this.requests.send(session, operation, data, REQUEST_TIMEOUT_MS);
      // The gateway learns the room of an invite code only from the answer, after the lobby has already added the spectator to the room. So
      // if the room has too many spectators, the gateway requests that the spectator leave the room.
      if (binding?.watching && session.room !== binding.room && this.isFull(binding.room)) {
        await this.requests.send(session, 'rooms.leave', undefined, REQUEST_TIMEOUT_MS);
        return answer(null, errorBody('too-many-watchers'));
      }
      if (follow) return answer(...this.subscribe(session, connection, id, follow, result as Operations['rooms.list']['result']));
      answer(result);
      if (binding === null) this.rooms.leave(session, (result as Operations['rooms.leave']['result']).left);
      else if (binding) this.rooms.bind(session, binding);
      this.answerListeners ??= this.explorer.all(AnswerListener);
      for (const listener of this.answerListeners) listener.answered(session, operation, data, result);
    } catch (error) {
      if (!(error instanceof HoldfastError)) this.log.error('player-request.failed', { operation, error });
      const refusal = answerTo(error);
      const { id: sessionId, user, room } = session;
      this.log.refusal('request.refused', { user, session: sessionId, operation, code: refusal.code, ...(room && { roomId: room }) });
      isWrong = WRONG_GUESSES.has(refusal.code);
      answer(null, refusal);
    } finally {
      if (isGuessed && !isWrong) stateOf(connection).guesses.giveBack(1);
      session.requestsPending -= 1;
    }
  }

  /** Returns whether the room has the maximum number of spectators at this gateway. */
  private isFull(room: RoomId): boolean {
    return this.rooms.spectatorCount(room) >= this.options.watchersPerRoom;
  }

  /** Subscribes the session to the list in the lobby's answer. Returns the answer for the client. */
  private subscribe(
    session: GatewaySession,
    connection: PlayerConnection,
    id: number,
    query: RoomListQuery,
    page: Operations['rooms.list']['result'],
  ): readonly [data: unknown, error?: ErrorBody] {
    const isSubscribed = connection.isOpen && this.lists.subscribe(session, connection, id, query, page.rooms);
    return isSubscribed ? [{ ...page, subscribed: true }] : [null, errorBody('busy', 'This server follows too many lists.')];
  }

  /**
   * Subtracts the price of an operation from the budgets of the connection and the address, and returns 0. If a budget is too small,
   * subtracts nothing and returns the time in ms until the client can repeat the request. The budget of the connection has already paid a
   * price of 1 when the message arrived.
   */
  private charge({ messages, operations }: ConnectionState, fullPrice: number): number {
    const now = performance.now();
    const price = chargeable(fullPrice, this.options);
    const more = price - 1;
    // The client repeats the whole request later, so its budgets must then cover the whole price.
    if (messages.waitMs(more, now) > 0) return Math.max(messages.waitMs(price, now), operations.waitMs(price, now));
    const waitMs = operations.waitMs(price, now);
    if (waitMs > 0) return waitMs;
    messages.take(more, now);
    operations.take(price, now);
    return 0;
  }
}

/** Returns a function that sends the answer to a request. */
function answerOf(connection: PlayerConnection, id: number): (data: unknown, error?: ErrorBody) => void {
  return (data, error) =>
    connection.sendFrame(encodeServerMessage(error ? { kind: 'response', id, error } : { kind: 'response', id, data }));
}

/** The codes with which a lobby refuses a wrong invite code or password. */
const WRONG_GUESSES: ReadonlySet<string> = new Set(['invite-unknown', 'wrong-password']);

/** Returns whether a request has an invite code or a password, which may be a guess. */
function isGuess(operation: string, data: unknown): boolean {
  if (operation !== 'rooms.join' && operation !== 'rooms.watch') return false;
  const { code, password } = (data ?? {}) as { readonly code?: unknown; readonly password?: unknown };
  return code !== undefined || password !== undefined;
}

/**
 * Returns the room id in the data of a request, without a validation. Empty string: the data has no room id. The lobby refuses an invalid
 * id.
 */
function roomOf(data: unknown): string {
  const room = (data as { room?: unknown } | null | undefined)?.room;
  return typeof room === 'string' ? room : '';
}
