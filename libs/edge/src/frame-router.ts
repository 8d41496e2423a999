import { Inject, Injectable, Optional } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import {
  bounded,
  type ErrorBody,
  encodeServerMessage,
  errorBody,
  HEADER,
  HoldfastError,
  KIND,
  type Operations,
  playerKindOf,
  type RoomId,
  type RoomListQuery,
  readName,
  unpackBody,
} from '#libs/protocol';
import { answerTo } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { Tracer } from '#libs/tracing';
import { type ConnectionState, disconnect, stateOf } from './connection/connection-state.js';
import { HELLO_PRICE, priceOf } from './connection/operation-prices.js';
import {
  BACKLOGS_MAX,
  EDGE_OPTIONS,
  type EdgeOptions,
  GOODBYE_MS,
  OPERATIONS_BURST_MIN,
  REQUEST_TIMEOUT_MS,
  REQUESTS_MAX,
} from './edge.options.js';
import { SessionLifecycle } from './lifecycle/session-lifecycle.js';
import { AnswerListener } from './lobby/answer-listener.js';
import { PlayerRequests } from './lobby/player-requests.js';
import { RoomListFeeds } from './lobby/room-list-feeds.js';
import { OwnerAttachments } from './room/owner-attachments.js';
import { RoomFrames } from './room/room-frames.js';
import { SessionRooms } from './room/session-rooms.js';
import type { GatewaySession } from './session/gateway-session.js';
import type { PlayerConnection } from './transport/player-connection.js';

/**
 * Routes the frames of players: a hello to the admission, a command to the room, a request to a lobby. Refuses frames that exceed a limit
 * or cannot be parsed.
 */
@Injectable()
export class FrameRouter {
  private answerListeners: readonly AnswerListener[] | null = null;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly sessions: SessionLifecycle,
    private readonly requests: PlayerRequests,
    private readonly rooms: SessionRooms,
    private readonly frames: RoomFrames,
    private readonly attachments: OwnerAttachments,
    private readonly lists: RoomListFeeds,
    private readonly log: Log,
    private readonly explorer: ExtensionExplorer,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {}

  route(connection: PlayerConnection, frame: Buffer): void {
    if (!connection.isOpen) return;
    const state = stateOf(connection);
    if (!this.takeMessage(connection, frame.length)) return this.refuseMessage(connection, frame);
    if (connection.backlogBytes > BACKLOGS_MAX * this.options.backlogBytesMax) return disconnect(connection, 'too-slow');
    try {
      this.dispatch(connection, state, frame);
    } catch (error) {
      if (!(error instanceof HoldfastError)) {
        // An error that is not a `HoldfastError` is a defect of the gateway. The gateway closes only this connection, so that one frame
        // cannot end the process.
        this.log.error('frame.failed', { error });
        connection.goodbye({ code: 'internal', reason: 'Something went wrong on our side.', retryAfterMs: 500 }, GOODBYE_MS);
        return;
      }
      if (error.code === 'bad-frame') connection.goodbye({ code: error.code, reason: error.message }, GOODBYE_MS);
      else connection.send({ kind: 'error', ...error.toBody() });
    }
  }

  /** Subtracts a message from the budgets of the connection. Returns false when the message exceeds a budget. */
  takeMessage(connection: PlayerConnection, bytes: number): boolean {
    const { messages, bytes: budget } = stateOf(connection);
    const now = performance.now();
    connection.lastMessageAt = now;
    // Subtracts at most one burst. The binary form of a JSON frame may be larger, and the limit would then refuse every such frame.
    return messages.take(1, now) && budget.take(Math.min(bytes, this.options.bytesBurst), now);
  }

  /**
   * Subtracts the price of an operation from the budgets of the connection and the address, and returns 0. If a budget is too small,
   * subtracts nothing and returns the time in ms until the client can repeat the request. The connection has already paid 1 for the message
   * itself.
   */
  private charge({ messages, operations }: ConnectionState, fullPrice: number): number {
    const now = performance.now();
    const price = this.chargeable(fullPrice);
    const more = price - 1;
    // Computes the wait for the whole price, because the repeated request is a new message.
    if (messages.waitMs(more, now) > 0) return Math.max(messages.waitMs(price, now), operations.waitMs(price, now));
    const waitMs = operations.waitMs(price, now);
    if (waitMs > 0) return waitMs;
    messages.take(more, now);
    operations.take(price, now);
    return 0;
  }

  /** Limits a price to a whole burst, because no client could ever pay a higher price. */
  private chargeable(price: number): number {
    return Math.min(price, this.options.messagesBurst, OPERATIONS_BURST_MIN);
  }

  private dispatch(connection: PlayerConnection, state: ConnectionState, frame: Buffer): void {
    const { session } = state;
    const kind = frame[0]!;
    if (kind === KIND.hello) {
      if (state.isAdmitting || session) throw new HoldfastError('already-welcome');
      const waitMs = state.operations.waitMs(HELLO_PRICE, performance.now());
      if (waitMs > 0)
        return connection.goodbye({ code: 'rate-limited', reason: errorBody('rate-limited').message, retryAfterMs: waitMs }, GOODBYE_MS);
      state.operations.take(HELLO_PRICE, performance.now());
      void this.sessions.admit(connection, state, frame);
      return;
    }
    if (kind === KIND.ping) {
      if (frame.length < HEADER.ping.length) throw new HoldfastError('bad-frame', 'A ping has five bytes.');
      connection.send({ kind: 'pong', nonce: frame.readUInt32BE(HEADER.ping.nonce) });
      return;
    }
    if (playerKindOf(kind) === null) throw new HoldfastError('unknown-kind');
    if (!session) throw new HoldfastError('hello-first');
    if (state.mustConfirm) this.sessions.confirmSecret(state, session);
    switch (kind) {
      case KIND.command:
        if (frame.length < HEADER.command.name || frame.length < HEADER.command.name + frame[HEADER.command.nameLength]!) {
          throw new HoldfastError('bad-frame', 'A command ends within its header.');
        }
        this.frames.command(session, frame);
        if (connection.backlogBytes > this.options.backlogBytesMax) this.attachments.suspendFrames(session);
        return;
      case KIND.input:
        if (frame.length < HEADER.input.body) throw new HoldfastError('bad-frame', 'An input ends within its header.');
        this.frames.input(session, frame);
        return;
      case KIND.request:
        void this.request(connection, session, frame);
        return;
      case KIND.bye:
        this.sessions.bye(connection, session);
        return;
      default:
        // Ignores the `ack`, because the gateway does not need the version of the state that the client reports.
        return;
    }
  }

  private async request(connection: PlayerConnection, session: GatewaySession, frame: Buffer): Promise<void> {
    const answer = (data: unknown, error?: ErrorBody): void =>
      connection.sendFrame(encodeServerMessage(error ? { kind: 'response', id, error } : { kind: 'response', id, data }));
    if (frame.length < HEADER.request.name)
      return connection.goodbye({ code: 'bad-frame', reason: 'A request ends within its header.' }, GOODBYE_MS);
    const id = frame.readUInt32BE(HEADER.request.id);
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
    const handle = async (): Promise<void> => {
      let isWrong = false;
      session.requestsPending += 1;
      try {
        const { data: result, binding, follow } = await this.requests.send(session, operation, data, REQUEST_TIMEOUT_MS);
        // The gateway learns the room of an invite code only from the answer. By then the lobby has added the spectator to the room, so
        // the gateway sends a leave.
        if (binding?.watching && session.room !== binding.room && this.isFull(binding.room)) {
          await this.requests.send(session, 'rooms.leave', undefined, REQUEST_TIMEOUT_MS);
          return answer(null, errorBody('too-many-watchers'));
        }
        if (follow) return answer(...this.subscribe(session, connection, id, follow, result as Operations['rooms.list']['result']));
        answer(result);
        if (binding === null) this.rooms.leave(session, (result as Operations['rooms.leave']['result']).left);
        else if (binding) this.rooms.bind(session, binding);
        this.answerListeners ??= this.explorer.all(AnswerListener);
        for (const listener of this.answerListeners) listener.answered(session, operation, data);
      } catch (error) {
        if (!(error instanceof HoldfastError)) this.log.error('player-request.failed', { operation, error });
        const refusal = answerTo(error);
        const { id: sessionId, user, room } = session;
        this.log.refusal('request.refused', { user, session: sessionId, operation, code: refusal.code, ...(room && { roomId: room }) });
        isWrong = WRONG_GUESSES.has(refusal.code);
        answer(null, refusal);
      } finally {
        if (isGuessed && !isWrong) guesses.giveBack(1);
        session.requestsPending -= 1;
      }
    };
    if (this.tracer === null || !this.tracer.isSampled()) return handle();
    const attributes = { 'enduser.id': session.user, 'session.id': session.id, 'holdfast.room': session.room ?? '' };
    await this.tracer.run(operation, attributes, handle);
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

  private refuseMessage(connection: PlayerConnection, frame: Buffer): void {
    // Only counts a refused input in a metric, because the gateway never answers an input.
    if (frame[0] === KIND.input) return this.frames.inputRefused();
    const { messages, bytes, operations } = stateOf(connection);
    const now = performance.now();
    const price = this.chargeable(priceOfFrame(frame, this.options.roomsListedMax));
    const operationsMs = price > 1 ? operations.waitMs(price, now) : 0;
    const waitMs = Math.max(messages.waitMs(price, now), operationsMs, bytes.waitMs(frame.length, now), 1);
    const error = errorBody('rate-limited', undefined, true, waitMs);
    if (frame[0] === KIND.command && frame.length >= HEADER.command.name)
      connection.send({ kind: 'rejected', seq: frame.readUInt32BE(HEADER.command.seq), ...error });
    else if (frame[0] === KIND.request && frame.length >= HEADER.request.name)
      connection.send({ kind: 'response', id: frame.readUInt32BE(HEADER.request.id), error });
    else connection.send({ kind: 'error', ...error });
    // The client does not read the refusals and continues to send, so the gateway closes the connection.
    if (connection.backlogBytes > this.options.backlogBytesMax) disconnect(connection, 'rate-limited');
  }
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

/** Returns the maximum price of the request in this frame, without decoding its data. Returns 1 for a message that is not a request. */
function priceOfFrame(frame: Buffer, roomsListedMax: number): number {
  if (frame[0] !== KIND.request || frame.length < HEADER.request.name) return 1;
  const end = HEADER.request.name + frame[HEADER.request.nameLength]!;
  return priceOf(frame.toString('latin1', HEADER.request.name, end), { cursor: '' }, roomsListedMax) ?? 1;
}
