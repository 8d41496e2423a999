import type { Log, LoggedError } from '#libs/telemetry';

/** Fields of the log event `game.failed`: the handler that failed, and the input or effect that it handled. */
export interface GameFailure {
  readonly roomId: string;
  /** Name of the game. Null or absent: the game has ended, and its name is no longer known. */
  readonly game?: string | null;
  /** Name of the handler, as `handlerOf` returns it. `append`: a change could not be stored, and its handler is not known. */
  readonly handler: string;
  /** The key of the effect whose handler failed. */
  readonly effect?: string;
  readonly seat?: number;
  readonly seq?: number;
  /** Number of failures of this room that were not logged since the last logged failure. */
  readonly skipped?: number;
  /** The thrown value. The caller describes it under the watchdog, because reading it can run code of the game. */
  readonly error: LoggedError;
}

export function logGameFailure(log: Log, failure: GameFailure): void {
  log.error('game.failed', { ...failure });
}
