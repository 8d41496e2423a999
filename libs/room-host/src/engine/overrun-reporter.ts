import 'reflect-metadata';
import { sleep } from '#libs/async';
import type { RoomId } from '#libs/protocol';
import type { RedisOptions } from '#libs/redis';
import type { SuspectInput, SuspectPlace } from '#libs/room-store';
import { Log, standardWriter, type TelemetryOptions } from '#libs/telemetry';
import type { OverrunReport, RunFacts, Subject, WatchdogReporter } from '#libs/watchdog';
import { SuspectMarkConnection } from './suspect-mark-connection.js';

/** The settings that the watchdog's thread passes to `createReporter`. */
export interface OverrunReporterData {
  readonly redis: RedisOptions;
  readonly telemetry: Pick<TelemetryOptions, 'server' | 'level' | 'format'>;
}

const CLEAR_TRIES_MAX = 30;
const CLEAR_AGAIN_MS = 1_000;

/**
 * Returns the reporter that runs in the watchdog's thread. It logs a handler that runs too long. It also marks the handler's input in the
 * room's record, so that the next owner does not run this input.
 */
export function createReporter({ redis, telemetry }: OverrunReporterData): WatchdogReporter {
  const log = new Log(telemetry);
  const marks = new SuspectMarkConnection(redis, (error) => log.warn('suspect.mark-failed', { error }));
  marks.open();
  return {
    async suspect(facts) {
      const place = placeOf(facts.subject);
      if (place) await marks.use((stored) => stored.mark(place, inputOf(facts)));
    },
    slow: (report) => log.error('handler.overran', factsOf(report)),
    async ended(facts) {
      const place = placeOf(facts.subject);
      if (!place) return;
      // Tries several times to remove the mark of the input. If the mark stayed, the next owner would wrongly treat this input as the cause
      // of a later crash.
      for (let tries = 1; tries <= CLEAR_TRIES_MAX; tries++) {
        if (await marks.use((stored) => stored.clear(place, inputOf(facts)))) return;
        await sleep(CLEAR_AGAIN_MS);
      }
    },
    async killing(report) {
      log.error('server.killed', { ...factsOf(report), reason: 'this handler could not be stopped in any other way' });
      standardWriter(1).flush();
    },
  };
}

function placeOf(subject: Subject | undefined): SuspectPlace | null {
  if (!subject) return null;
  const room = subject.room as RoomId;
  if (subject.epoch !== undefined) return { room, epoch: subject.epoch };
  if (subject.start !== undefined) return { room, start: subject.start };
  return subject.effect === undefined ? null : { room, effect: subject.effect };
}

function inputOf({ handler, seat, seq, subject }: RunFacts): SuspectInput {
  const effect = subject?.effect;
  return { handler, seat, seq, ...(effect !== undefined && { effect }) };
}

function factsOf({ subject, handler, seat, seq, ms, grownMb, stack }: OverrunReport): Record<string, unknown> {
  return {
    ...(subject && { game: subject.game, roomId: subject.room }),
    handler,
    ...(seat >= 0 && { seat }),
    ...(seq > 0 && { seq }),
    ms: Math.round(ms),
    grownMb,
    ...(stack && { stack: stack.join(' < ') }),
  };
}
