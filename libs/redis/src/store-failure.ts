import { type ErrorBody, errorBody, HoldfastError, toErrorBody } from '#libs/protocol';

/** Error codes of Redis which mean that Redis cannot do its work now. */
const REPLY_CODES = [
  'LOADING',
  'READONLY',
  'OOM',
  'MISCONF',
  'NOREPLICAS',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MASTERDOWN',
  'MOVED',
  'ASK',
  'BUSY',
  'UNKILLABLE',
  'EXECABORT',
  'NOSCRIPT',
] as const;

/** An older Redis puts its own text before the error of a command in a script: `ERR Error running script …: -OOM …`. */
const REPLY = new RegExp(String.raw`^(?:\w*Error: )?(?:ERR .*[:\s]-)?(${REPLY_CODES.join('|')}) `);
/** For a refused command in a script, Redis answers with this text instead of the code `NOPERM`. */
const NO_PERMISSION = /^(?:\w*Error: )?ERR .*The user executing the script can't (?:run|access) /;
const CLIENTS = /^(?:\w*Error: )?ERR max number of clients reached/;
const TIMEOUT = /^(?:\w*Error: )?(?:Command timed out|Socket timeout)/;
/** Errors of ioredis about a connection that is down, breaks, or cannot be opened. */
const AWAY =
  /^(?:\w*Error: )?(?:Stream isn't writeable|Connection is closed|Reached the max retries per request|Cluster isn't ready|Failed to refresh slots cache|None of startup nodes|Too many Cluster redirections|All sentinels are unreachable|Command aborted due to connection close)/;
/** Errors of any network connection, possibly a connection to another server than Redis. */
const NETWORK = /\b(?:ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b/;

const ANSWER = 'The store does not answer right now.';
/**
 * Delay after which a client may repeat a request, in ms. A broken connection is restored within this time. A failover takes seconds, so
 * the client repeats the request several times.
 */
const RETRY_MS = 500;

export interface StoreFailure {
  /** The kind of failure: `away`, `timeout`, `max-clients`, or the lower-case code of Redis' own error: `oom`, `readonly`, … */
  readonly reason: string;
  /** False: the error possibly comes from a connection to another server than Redis. */
  readonly isCertain: boolean;
}

/**
 * Returns the failure when an error shows that Redis cannot do its work now: it is unreachable, full, read-only, without replicas, or
 * refuses this server. Redis may have executed the request nevertheless. Returns null for any other error, such as a wrong argument of a
 * Redis command.
 */
export function storeFailureOf(error: unknown): StoreFailure | null {
  const message = textOf(error);
  const reply = REPLY.exec(message);
  if (reply) return { reason: reply[1]!.toLowerCase(), isCertain: true };
  if (NO_PERMISSION.test(message)) return { reason: 'noperm', isCertain: true };
  if (CLIENTS.test(message)) return { reason: 'max-clients', isCertain: true };
  if (TIMEOUT.test(message)) return { reason: 'timeout', isCertain: true };
  if (AWAY.test(message)) return { reason: 'away', isCertain: true };
  if (message.endsWith(ANSWER)) return { reason: 'away', isCertain: false };
  return NETWORK.test(message) || NETWORK.test(codeOf(error)) ? { reason: 'away', isCertain: false } : null;
}

/**
 * Returns the error body for any thrown value. A refusal keeps its code, a failure of Redis gets the code `unavailable`, and every other
 * error gets `internal`.
 */
export function answerTo(error: unknown): ErrorBody {
  if (error instanceof HoldfastError) return error.toBody();
  return storeFailureOf(error) ? errorBody('unavailable', ANSWER, true, RETRY_MS) : toErrorBody(error);
}

function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : '';
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
