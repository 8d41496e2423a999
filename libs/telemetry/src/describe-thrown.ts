import { cut } from './bounded-line.js';

/** Limits of an error in a log line: stack and message in characters, and the number of causes. A peer or a game can control them. */
const STACK_MAX = 6_000;
const MESSAGE_MAX = 2_000;
const CAUSES_MAX = 3;

/** The form that every error has in a log line. `code`: the stable code of the error, if it has one. */
export interface LoggedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

/**
 * Describes a thrown value for a log line. Never throws and never returns a long text, whatever a game has thrown. Properties that
 * `LoggedError` lacks are dropped: errors of ioredis contain the arguments of the command, such as a room's state or a session's secret.
 *
 * Reading the value can run code of a game (getters, `toString`). So for an error of a game, the watchdog must watch the call of this
 * function.
 */
export function describeThrown(thrown: unknown): LoggedError {
  return described(thrown, 0);
}

function described(thrown: unknown, depth: number): LoggedError {
  try {
    if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: cut(String(thrown), MESSAGE_MAX) };
    const { name, message, stack, code, cause, errors } = thrown as Record<string, unknown>;
    const mayDescend = depth < CAUSES_MAX;
    return {
      name: typeof name === 'string' ? cut(name, MESSAGE_MAX) : 'Error',
      message: cut(typeof message === 'string' ? message : String(thrown), MESSAGE_MAX),
      ...((typeof code === 'string' || typeof code === 'number') && { code: typeof code === 'string' ? cut(code, MESSAGE_MAX) : code }),
      ...(typeof stack === 'string' && { stack: cut(stack, STACK_MAX) }),
      ...(cause !== undefined && cause !== null && mayDescend && { cause: described(cause, depth + 1) }),
      ...(Array.isArray(errors) && mayDescend && { errors: errors.slice(0, CAUSES_MAX).map((one) => described(one, depth + 1)) }),
    };
  } catch {
    return { name: 'Error', message: `a thrown ${typeof thrown} that has no text` };
  }
}
