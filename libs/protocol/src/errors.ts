import { bounded } from './bounded.js';

/**
 * All refusals that a player or operator can receive: the stable code, a sentence for people, and whether the same request may
 * succeed later. Games add codes of their own with `room.reject('not-your-turn')`.
 */
const CODES = {
  'bad-frame': { message: 'The frame is not a valid message.', retry: false },
  'frame-too-large': { message: 'The frame is larger than this server allows.', retry: false },
  'unknown-kind': { message: 'There is no message of this kind.', retry: false },
  'unknown-operation': { message: 'There is no operation of this name.', retry: false },
  'unknown-command': { message: 'This game has no command of this name.', retry: false },
  'unknown-game': { message: 'No server here offers this game.', retry: false },
  'bad-data': { message: 'The data of this request is not valid.', retry: false },
  'protocol-version': { message: 'This server speaks another version of the protocol.', retry: false },
  'hello-first': { message: 'The first message must be a hello.', retry: false },
  'hello-timeout': { message: 'The connection sent no hello in time.', retry: true },
  'already-online': { message: 'You are already connected from another place.', retry: false },
  'already-welcome': { message: 'This connection has already sent a hello.', retry: false },
  unauthorized: { message: 'The token or name was not accepted.', retry: false },
  'session-unknown': { message: 'This session has ended, or its secret is wrong. Send a hello without a session.', retry: false },
  replaced: { message: 'Another connection has taken over this session.', retry: false },
  'room-unknown': { message: 'This room does not exist, or it is closed.', retry: false },
  'room-full': { message: 'Every seat of this room is taken.', retry: false },
  'room-playing': { message: 'The game in this room has already started.', retry: false },
  'room-not-playing': { message: 'No game is being played in this room.', retry: false },
  'not-in-room': { message: 'You are not in a room.', retry: false },
  'already-in-room': { message: 'You are in another room; leave it first.', retry: false },
  overtaken: { message: 'A later request of yours was processed before this one.', retry: false },
  'not-owner': { message: 'Only the host of the room may do this.', retry: false },
  'not-ready': { message: 'Not every player of the room is ready.', retry: false },
  'too-few-players': { message: 'The game needs more players.', retry: false },
  spectator: { message: 'A spectator cannot send commands.', retry: false },
  'not-searching': { message: 'You are not searching for a match.', retry: false },
  'no-capacity': { message: 'No game server has capacity for another game right now.', retry: true },
  'rate-limited': { message: 'You sent too many messages. Send fewer.', retry: true },
  'too-many-connections': { message: 'There are too many connections from this address.', retry: true },
  'too-many-watchers': { message: 'This room already has the maximum number of spectators.', retry: true },
  'too-slow': { message: 'The connection is too slow for the data that the server sends.', retry: true },
  'timed-out': { message: 'The server received nothing on this connection for too long.', retry: true },
  'state-too-large': { message: 'The state of the room would become larger than this server allows.', retry: false },
  'game-failed': { message: 'The game failed on this command. Nothing was changed.', retry: false },
  'sync-failed': { message: 'The client repeatedly could not decode or apply the data of the server.', retry: false },
  unanswered: { message: 'The command got no answer. It may have been applied.', retry: false },
  'game-ended': { message: 'The game is over.', retry: false },
  busy: { message: 'The server is overloaded right now.', retry: true },
  moved: { message: 'The room has moved to another server.', retry: true },
  'server-lost': { message: 'The server that processed the request is gone.', retry: true },
  unavailable: { message: 'The service cannot answer right now.', retry: true },
  'shutting-down': { message: 'The server is shutting down.', retry: true },
  forbidden: { message: 'This is not allowed.', retry: false },
  'not-found': { message: 'There is no such thing here.', retry: false },
  internal: { message: 'The server had an internal error.', retry: true },
} as const satisfies Record<string, { message: string; retry: boolean }>;

export type ErrorCode = keyof typeof CODES;

/** An error as it is sent. `retry`: whether a repeated request can succeed. `retryAfterMs`: when. */
export interface ErrorBody {
  code: string;
  message: string;
  retry: boolean;
  retryAfterMs?: number;
}

/**
 * A refusal with a stable code. Code throws it when a request cannot be served, and the edge turns it into an answer. The message
 * may quote a peer, so it is cut to `MESSAGE_CHARACTERS_MAX`.
 */
export class HoldfastError extends Error {
  readonly retry: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ErrorCode | (string & {}),
    message?: string,
    options: { retry?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    const known = knownCode(code);
    super(bounded(message ?? known?.message ?? code), { cause: options.cause });
    this.name = 'HoldfastError';
    this.retry = options.retry ?? known?.retry ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Parses a refusal that another server sent. Returns `internal` for any other value. */
  static from(body: unknown): HoldfastError {
    const { code, message, retry, retryAfterMs } = (body ?? {}) as Partial<Record<keyof ErrorBody, unknown>>;
    if (typeof code !== 'string') return new HoldfastError('internal');
    return new HoldfastError(code, typeof message === 'string' ? message : undefined, {
      retry: typeof retry === 'boolean' ? retry : undefined,
      retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    });
  }

  toBody(): ErrorBody {
    return errorBody(this.code, this.message, this.retry, this.retryAfterMs);
  }
}

/** The body of the answer for any thrown value. Our own errors keep their code; every other error becomes `internal`. */
export function toErrorBody(error: unknown): ErrorBody {
  if (error instanceof HoldfastError) return error.toBody();
  return errorBody('internal');
}

export function errorBody(code: ErrorCode | (string & {}), message?: string, retry?: boolean, retryAfterMs?: number): ErrorBody {
  const known = knownCode(code);
  const body: ErrorBody = { code, message: bounded(message ?? known?.message ?? code), retry: retry ?? known?.retry ?? false };
  if (retryAfterMs !== undefined) body.retryAfterMs = retryAfterMs;
  return body;
}

function knownCode(code: string): { message: string; retry: boolean } | undefined {
  return Object.hasOwn(CODES, code) ? CODES[code as ErrorCode] : undefined;
}

export const ERROR_CODES: readonly string[] = Object.keys(CODES);
