import { Inject, Injectable } from '@nestjs/common';
import { errorBody, HEADER, HoldfastError, KIND, playerKindOf } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { type ConnectionState, disconnect, stateOf } from './connection/connection-state.js';
import { chargeable, HELLO_PRICE, priceOf } from './connection/operation-prices.js';
import { BACKLOGS_MAX, EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS } from './edge.options.js';
import { SessionLifecycle } from './lifecycle/session-lifecycle.js';
import { RequestRouter } from './lobby/request-router.js';
import { OwnerAttachments } from './room/owner-attachments.js';
import { RoomFrames } from './room/room-frames.js';
import type { PlayerConnection } from './transport/player-connection.js';

/**
 * Routes the frames of players: a hello to the admission, a command to the room, a request to `RequestRouter`. Refuses frames that exceed a
 * limit or cannot be parsed.
 */
@Injectable()
export class FrameRouter {
  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly sessions: SessionLifecycle,
    private readonly requests: RequestRouter,
    private readonly frames: RoomFrames,
    private readonly attachments: OwnerAttachments,
    private readonly log: Log,
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
    // Subtracts at most `bytesBurst`, the size of the full budget. Otherwise the limit would never allow a JSON frame whose binary form is
    // larger than that.
    return messages.take(1, now) && budget.take(Math.min(bytes, this.options.bytesBurst), now);
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
        void this.requests.request(connection, session, frame);
        return;
      case KIND.bye:
        this.sessions.bye(connection, session);
        return;
      default:
        // Ignores the `ack`, because the gateway does not need the version of the state that the client reports.
        return;
    }
  }

  private refuseMessage(connection: PlayerConnection, frame: Buffer): void {
    // Only counts a refused player input in a metric, because the gateway never answers a player input.
    if (frame[0] === KIND.input) return this.frames.inputRefused();
    const { messages, bytes, operations } = stateOf(connection);
    const now = performance.now();
    const price = chargeable(priceOfFrame(frame, this.options.roomsListedMax), this.options);
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

/** Returns the maximum price of the request in this frame, without decoding its data. Returns 1 for a message that is not a request. */
function priceOfFrame(frame: Buffer, roomsListedMax: number): number {
  if (frame[0] !== KIND.request || frame.length < HEADER.request.name) return 1;
  const end = HEADER.request.name + frame[HEADER.request.nameLength]!;
  return priceOf(frame.toString('latin1', HEADER.request.name, end), { cursor: '' }, roomsListedMax) ?? 1;
}
