import { bounded } from './bounded.js';

/**
 * All refusals that a player or operator can receive: the stable code, a sentence for a person, and whether the same request may succeed
 * when it is sent again. Games add codes of their own with `room.reject('not-your-turn')`.
 */
const CODES = {
  'bad-frame': { message: 'The frame could not be decoded.', retry: false },
  'frame-too-large': { message: 'The frame is larger than this server allows.', retry: false },
  'unknown-kind': { message: 'There is no message of this kind.', retry: false },
  'unknown-operation': { message: 'There is no operation of this name.', retry: false },
  'unknown-command': { message: 'This game has no command of this name.', retry: false },
  'unknown-game': { message: 'No server here offers this game.', retry: false },
  'bad-data': { message: 'The data of this request is not valid.', retry: false },
  'protocol-version': { message: 'This server speaks another version of the protocol.', retry: false },
  'game-version': { message: 'This program was written for another version of the game. Load it again.', retry: false },
  'hello-first': { message: 'Send hello first.', retry: false },
  'hello-timeout': { message: 'The connection did not send hello in time.', retry: true },
  'already-online': { message: 'You are already connected from another place.', retry: false },
  'already-welcome': { message: 'This connection has already sent hello.', retry: false },
  unauthorized: { message: 'The token or name was not accepted.', retry: false },
  'session-unknown': { message: 'This session is over, or its secret is wrong. Send hello without it.', retry: false },
  replaced: { message: 'The session continues over another connection.', retry: false },
  kicked: { message: 'An operator has ended your session.', retry: false },
  suspended: { message: 'An operator has banned you from this service.', retry: false },
  'room-unknown': { message: 'There is no such room (any more).', retry: false },
  'room-full': { message: 'Every seat of this room is taken.', retry: false },
  'room-playing': { message: 'The game in this room has started already.', retry: false },
  'room-locked': { message: 'This room takes no more players.', retry: false },
  'invite-unknown': { message: 'There is no room with this invite code.', retry: false },
  'invite-needed': { message: 'Players join this room only with its invite code.', retry: false },
  'password-needed': { message: 'This room has a password.', retry: false },
  'wrong-password': { message: 'The password is wrong.', retry: false },
  'too-many-attempts': { message: 'Too many wrong codes or passwords; try again later.', retry: true },
  banned: { message: 'The host has banned you from this room.', retry: false },
  'no-spectators': { message: 'This room does not let you watch.', retry: false },
  'not-a-member': { message: 'This user is not a member of the room.', retry: false },
  'member-away': { message: 'This member is away.', retry: false },
  'team-full': { message: 'This team has no free place.', retry: false },
  'no-teams': { message: 'This room has no teams.', retry: false },
  'room-not-playing': { message: 'No game is being played in this room.', retry: false },
  'not-in-room': { message: 'You are not in a room.', retry: false },
  'already-in-room': { message: 'You are in another room; leave it first.', retry: false },
  overtaken: { message: 'A later request of yours was executed before this one.', retry: false },
  'not-owner': { message: 'Only the host of the room may do this.', retry: false },
  'not-ready': { message: 'Not every player of the room is ready.', retry: false },
  'too-few-players': { message: 'The game needs more players.', retry: false },
  spectator: { message: 'Spectators cannot send commands.', retry: false },
  'not-searching': { message: 'You are not looking for a match.', retry: false },
  'search-blocked': { message: 'You declined or missed matches repeatedly. Wait before the next search.', retry: true },
  'offer-unknown': { message: 'This match is not offered to you (any more).', retry: false },
  'party-too-large': { message: 'The party has more members than a match of this game takes.', retry: false },
  'unknown-region': { message: 'No server runs in this region.', retry: false },
  'key-reused': { message: 'This Idempotency-Key belongs to another request.', retry: false },
  'chat-refused': { message: 'The moderation refused this message.', retry: false },
  'chat-muted': { message: 'You may not write in this chat.', retry: false },
  'no-capacity': { message: 'No game server is free for another game right now.', retry: true },
  'rate-limited': { message: 'Too many messages; slow down.', retry: true },
  'too-many-connections': { message: 'Too many connections from this address.', retry: true },
  'too-many-watchers': { message: 'This room already has the maximum number of spectators.', retry: true },
  'too-slow': { message: 'The connection could not keep up with what was sent to it.', retry: true },
  'timed-out': { message: 'The connection was silent for too long.', retry: true },
  'state-too-large': { message: 'The room would grow larger than this server allows.', retry: false },
  'game-failed': { message: 'The game failed on this command; nothing was changed.', retry: false },
  'sync-failed': { message: 'The client repeatedly could not decode or apply what the server sent.', retry: false },
  unanswered: { message: 'The command got no answer; it may have been applied.', retry: false },
  'load-failed': { message: 'The data of the game could not be loaded.', retry: true },
  'game-ended': { message: 'The game is over.', retry: false },
  busy: { message: 'The server has too much to do right now.', retry: true },
  moved: { message: 'The room is on another server now.', retry: true },
  'server-lost': { message: 'The server that handled this request is gone.', retry: true },
  unavailable: { message: 'The service cannot answer right now.', retry: true },
  'shutting-down': { message: 'The server is shutting down.', retry: true },
  forbidden: { message: 'This is not allowed.', retry: false },
  'not-found': { message: 'This does not exist.', retry: false },
  internal: { message: 'The server failed on this request.', retry: true },
} as const satisfies Record<string, { message: string; retry: boolean }>;

export type ErrorCode = keyof typeof CODES;

/** A code of Holdfast, or a code of a game (`room.reject('not-your-turn')`). */
export type RefusalCode = ErrorCode | (string & {});

/**
 * An error in a message. `retry`: whether the same request may succeed when it is sent again. `retryAfterMs`: the delay before a further
 * attempt, in ms.
 */
export interface ErrorBody {
  code: string;
  message: string;
  retry: boolean;
  retryAfterMs?: number;
}

/**
 * A refusal with a stable code. Throw it when a request cannot be served. The gateway or the admin API then answers with this code. The
 * message may quote text of a peer, so it is cut at `MESSAGE_CHARACTERS_MAX`.
 */
export class HoldfastError extends Error {
  readonly retry: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: RefusalCode,
    message?: string,
    options: { retry?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    const known = knownCode(code);
    super(bounded(message ?? known?.message ?? code), { cause: options.cause });
    this.name = 'HoldfastError';
    this.retry = options.retry ?? known?.retry ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Returns the refusal that another server sent, or `internal` when the body is not a refusal. */
  static from(body: unknown): HoldfastError {
    const { code, message, retry, retryAfterMs } = (body ?? {}) as Partial<Record<keyof ErrorBody, unknown>>;
    if (typeof code !== 'string') return new HoldfastError('internal');
    return new HoldfastError(code, typeof message === 'string' ? message : undefined, {
      retry: typeof retry === 'boolean' ? retry : undefined,
      retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    });
  }

  /** Returns the error in the form in which it is sent. */
  toBody(): ErrorBody {
    return errorBody(this.code, this.message, this.retry, this.retryAfterMs);
  }
}

/** Returns the answer to a thrown value: a `HoldfastError` keeps its code, everything else becomes `internal`. */
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
