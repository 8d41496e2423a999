import type { Subject } from './handler-guard.js';

/** An uncaught error from a timer, promise or socket that game code created. */
export interface DetachedError {
  readonly subject: Subject;
  readonly error: unknown;
}

/** Functions that end the process. */
const EXITS = ['exit', 'reallyExit', 'abort'] as const;
/** Functions that add or remove listeners of process events, and the events to which the server itself listens. */
const LISTENER_METHODS = [
  'on',
  'addListener',
  'once',
  'prependListener',
  'prependOnceListener',
  'off',
  'removeListener',
  'removeAllListeners',
];
const OWN_EVENTS: ReadonlySet<unknown> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException', 'unhandledRejection']);
type Process = Record<(typeof EXITS)[number], (...args: unknown[]) => unknown>;

/**
 * Prevents game code from ending the process. Calls such as `process.exit` throw an error in the game. Errors in timers and promises of a
 * handler are passed to a listener instead of ending the process. The server's own code is not affected.
 */
export class GameProcessGuard {
  private readonly undo: (() => void)[] = [];

  /**
   * @param currentSubject returns the subject whose code runs now; undefined: no game
   * @param onDetachedError called for errors of games
   * @param onCrash called for every other error; the process is then in an undefined state and should end
   */
  constructor(
    private readonly currentSubject: () => Subject | undefined,
    onDetachedError: (failed: DetachedError) => void,
    onCrash: (error: unknown) => void,
  ) {
    const caught = (error: unknown): void => {
      const subject = this.currentSubject();
      if (subject) onDetachedError({ subject, error });
      else onCrash(error);
    };
    process.on('uncaughtException', caught);
    process.on('unhandledRejection', caught);
    this.undo.push(
      () => process.off('uncaughtException', caught),
      () => process.off('unhandledRejection', caught),
    );
    const self = process as unknown as Process;
    for (const name of EXITS) this.replace(self, name);
    this.refuseKillingSelf();
    this.refuseListening();
    this.catchMicrotasks(onDetachedError);
  }

  close(): void {
    for (const undo of this.undo.splice(0)) undo();
  }

  private replace(self: Process, name: (typeof EXITS)[number]): void {
    const original = self[name];
    self[name] = (...args) => {
      this.refuse(`process.${name}()`);
      return original.apply(process, args);
    };
    this.undo.push(() => {
      self[name] = original;
    });
  }

  private refuseKillingSelf(): void {
    const original = process.kill;
    process.kill = (pid, signal) => {
      if (pid === process.pid || pid === 0 || pid === -process.pid) this.refuse('process.kill() of its own process');
      return original.call(process, pid, signal);
    };
    this.undo.push(() => {
      process.kill = original;
    });
  }

  /**
   * Refuses calls of game code that change the listeners of the server's own events. With another listener for SIGINT, the watchdog could
   * not interrupt a run. Without the server's listeners, an error of a game would end the process.
   */
  private refuseListening(): void {
    const self = process as unknown as Record<string, (event?: unknown, ...rest: unknown[]) => unknown>;
    for (const name of LISTENER_METHODS) {
      const original = self[name]!;
      self[name] = (event, ...rest) => {
        if (event === undefined || OWN_EVENTS.has(event)) this.refuse(`process.${name}(${String(event ?? '').slice(0, 40)})`);
        return original.call(process, event, ...rest);
      };
      this.undo.push(() => {
        self[name] = original;
      });
    }
  }

  /** Catches the errors of a game's microtasks here, because Node 20 and 22 lose the async context of a microtask that throws. */
  private catchMicrotasks(onDetachedError: (failed: DetachedError) => void): void {
    const original = globalThis.queueMicrotask;
    globalThis.queueMicrotask = (callback) => {
      const subject = this.currentSubject();
      if (!subject || typeof callback !== 'function') return original(callback);
      original(() => {
        try {
          callback();
        } catch (error) {
          onDetachedError({ subject, error });
        }
      });
    };
    this.undo.push(() => {
      globalThis.queueMicrotask = original;
    });
  }

  private refuse(what: string): void {
    const subject = this.currentSubject();
    if (subject) throw new Error(`game ${subject.game} called ${what}: game code must not end the server`);
  }
}
