import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { HandlerRefusal } from '#libs/game-kit';
import { type Control, HoldfastError } from '#libs/protocol';
import { type GameStart, type LoadRule, RoomOptionsError } from '#libs/room';
import { describeThrown, Log } from '#libs/telemetry';
import { OverrunError } from '#libs/watchdog';
import { type GuardedMachine, HANDLER } from '../room/guarded-machine.js';
import { logGameFailure } from '../room/log-game-failure.js';

type OpenRequest = Control['room.open']['data'];

/** Delay before a failed load is tried again, in ms. It doubles with each failure. */
const RETRY_MS = 250;

/**
 * Loads the data of a game before its setup (`@OnLoad`). The result is stored together with the setup, and nothing is stored before. When a
 * server dies during a load, the lobby asks another server, which loads again with the same key.
 */
@Injectable()
export class GameLoads {
  constructor(private readonly log: Log) {}

  /**
   * Returns the data that the game has loaded. Undefined: the game loads nothing.
   *
   * @throws the game's own code when its `@OnLoad` method refuses the start; `load-failed` when all attempts failed or the time limit has
   * passed; `game-failed`
   *   when the watchdog interrupted the method; `bad-data` for refused options
   */
  async load(machine: GuardedMachine, request: OpenRequest): Promise<unknown> {
    const { load: rule, definition } = machine.rules;
    if (!rule) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error(`the load took longer than ${rule.timeoutMs} ms`)), rule.timeoutMs);
    timer.unref();
    try {
      const { room: roomId, start: key, players } = request;
      // Passes no bots to the method, because bots have no data to load. Bots have the last seats, so each player keeps the same index in
      // the list.
      const seats = players.filter(({ bot }) => !bot);
      const start = { roomId, game: definition.name, key, options: optionsOf(machine, request), seats, signal: abort.signal };
      return await this.attempts(machine, rule, start, abort.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private async attempts(machine: GuardedMachine, rule: LoadRule, start: GameStart, signal: AbortSignal): Promise<unknown> {
    const { roomId, game, key } = start;
    let failure: unknown;
    for (let attempt = 1; attempt <= rule.attempts; attempt++) {
      if (attempt > 1) await Promise.race([sleep(RETRY_MS * 2 ** (attempt - 2)), aborted(signal)]).catch(() => {});
      if (signal.aborted) break;
      try {
        const loading = Promise.resolve(machine.load(rule, start));
        // A load can reject after the time limit. Without this `catch`, the rejection would end the process.
        loading.catch(() => {});
        return machine.plainCopyOf(await Promise.race([loading, aborted(signal)]), 'loaded');
      } catch (error) {
        failure = error;
        if (error instanceof HandlerRefusal) {
          this.log.info('game.load-refused', { roomId, game, code: error.code });
          throw new HoldfastError(error.code, error.message || `The game refuses to begin: ${error.code}.`, { retry: false });
        }
        if (error instanceof OverrunError) {
          logGameFailure(this.log, { roomId, game, handler: HANDLER.load, error: describeThrown(error) });
          throw new HoldfastError('game-failed', 'The data of the game could not be loaded.');
        }
        this.log.warn('game.load-failed', { roomId, game, key, attempt, of: rule.attempts, error: describeThrown(error) });
      }
    }
    throw new HoldfastError('load-failed', undefined, { cause: failure });
  }
}

function optionsOf(machine: GuardedMachine, { options }: OpenRequest): unknown {
  try {
    return machine.options(options);
  } catch (error) {
    if (error instanceof RoomOptionsError) throw new HoldfastError('bad-data', `The options of the room are refused: ${error.message}`);
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
