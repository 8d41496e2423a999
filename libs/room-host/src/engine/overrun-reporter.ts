import 'reflect-metadata';
import { sleep } from '#libs/async';
import type { RoomId } from '#libs/protocol';
import { connect, type RedisOptions } from '#libs/redis';
import { type SuspectInput, SuspectMarks, type SuspectPlace } from '#libs/room-store';
import { Log, standardWriter, type TelemetryOptions } from '#libs/telemetry';
import type { OverrunReport, Subject, WatchdogReporter } from '#libs/watchdog';

/** Data for `createReporter`. */
export interface OverrunReporterData {
  readonly redis: RedisOptions;
  readonly telemetry: Pick<TelemetryOptions, 'server' | 'level' | 'format'>;
}

/** Time limit for Redis, in ms: a process that is about to be killed cannot wait. */
const STORE_TIMEOUT_MS = 500;
const CLEAR_TRIES_MAX = 30;
const CLEAR_AGAIN_MS = 1_000;

/**
 * Runs in the watchdog's thread. Logs a handler that takes too long, and marks it in the room's record, so that the next owner does not run
 * it.
 */
export function createReporter({ redis, telemetry }: OverrunReporterData): WatchdogReporter {
  const log = new Log(telemetry);
  return {
    async suspect(report) {
      const place = placeOf(report.subject);
      if (place) await withMarks(redis, log, (marks) => marks.mark(place, inputOf(report)));
    },
    slow: (report) => log.error('handler.overran', factsOf(report)),
    async ended(report) {
      const place = placeOf(report.subject);
      if (!place) return;
      // A mark that stays would blame the room for a later loss of its server.
      for (let tries = 1; tries <= CLEAR_TRIES_MAX; tries++) {
        if (await withMarks(redis, log, (marks) => marks.clear(place, inputOf(report)))) return;
        await sleep(CLEAR_AGAIN_MS);
      }
    },
    async killing(report) {
      log.error('server.killed', { ...factsOf(report), reason: 'this handler could not be stopped in any other way' });
      standardWriter(1).flush();
    },
  };
}

/** Opens a connection for one request. Overruns are rare, and Redis would close a connection that nobody reads. */
async function withMarks(redis: RedisOptions, log: Log, work: (marks: SuspectMarks) => Promise<void>): Promise<boolean> {
  const client = connect({ ...redis, commandTimeoutMs: STORE_TIMEOUT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    await work(new SuspectMarks(client));
    return true;
  } catch (error) {
    log.warn('suspect.mark-failed', { error });
    return false;
  } finally {
    client.disconnect();
  }
}

function placeOf(subject: Subject | undefined): SuspectPlace | null {
  if (!subject) return null;
  const room = subject.room as RoomId;
  if (subject.epoch !== undefined) return { room, epoch: subject.epoch };
  if (subject.start !== undefined) return { room, start: subject.start };
  return subject.effect === undefined ? null : { room, effect: subject.effect };
}

function inputOf({ handler, seat, seq, subject }: Omit<OverrunReport, 'stack'>): SuspectInput {
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
