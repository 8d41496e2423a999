import { type ErrorBody, errorBody, HoldfastError, toErrorBody } from '#libs/protocol';

/** Codes with which Redis says that it cannot do now what it is there for. */
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

/** A script of an older Redis puts its own words before the error of the command: `ERR Error running script …: -OOM …`. */
const REPLY = new RegExp(String.raw`^(?:\w*Error: )?(?:ERR .*[:\s]-)?(${REPLY_CODES.join('|')}) `);
/** A script that meets `NOPERM` hides the code. */
const NO_PERMISSION = /^(?:\w*Error: )?ERR .*The user executing the script can't (?:run|access) /;
const CLIENTS = /^(?:\w*Error: )?ERR max number of clients reached/;
const TIMEOUT = /^(?:\w*Error: )?(?:Command timed out|Socket timeout)/;
/** What ioredis says of a connection that is down, that breaks, or that it cannot make. */
const AWAY =
  /^(?:\w*Error: )?(?:Stream isn't writeable|Connection is closed|Reached the max retries per request|Cluster isn't ready|Failed to refresh slots cache|None of startup nodes|Too many Cluster redirections|All sentinels are unreachable|Command aborted due to connection close)/;
/** Of any connection, which need not be one to the store. */
const NETWORK = /\b(?:ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b/;

const ANSWER = 'The store does not answer right now.';
/** A failover takes seconds; a broken connection is there again in less. In ms. */
const RETRY_MS = 500;

export interface StoreFailure {
  /** `away`, `timeout`, `max-clients`, or the code of Redis' own error in lower case: `oom`, `readonly`, … */
  readonly reason: string;
  /** False where the error may be that of another connection. */
  readonly isCertain: boolean;
}

/**
 * Whether an error says that the store cannot do its work now: it is away, full, read-only, without replicas, refuses this
 * server, and the like. What was asked may have been done all the same. Null for every other error, also of Redis.
 */
export function storeFailureOf(error: unknown): StoreFailure | null {
  const message = textOf(error);
  const reply = REPLY.exec(message);
  if (reply) return { reason: reply[1].toLowerCase(), isCertain: true };
  if (NO_PERMISSION.test(message)) return { reason: 'noperm', isCertain: true };
  if (CLIENTS.test(message)) return { reason: 'max-clients', isCertain: true };
  if (TIMEOUT.test(message)) return { reason: 'timeout', isCertain: true };
  if (AWAY.test(message)) return { reason: 'away', isCertain: true };
  if (message.endsWith(ANSWER)) return { reason: 'away', isCertain: false };
  return NETWORK.test(message) || NETWORK.test(codeOf(error)) ? { reason: 'away', isCertain: false } : null;
}

/**
 * What an edge answers to anything that was thrown: a refusal as it is, `unavailable` where the store has failed, and
 * `internal` for the rest.
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
