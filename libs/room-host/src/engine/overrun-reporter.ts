import 'reflect-metadata';
import { sleep } from '#libs/async';
import type { RoomId } from '#libs/protocol';
import { connect, RedisAccess, type RedisClient, type RedisOptions } from '#libs/redis';
import { type SuspectInput, SuspectMarks, type SuspectPlace } from '#libs/room-store';
import { Log, standardWriter, type TelemetryOptions } from '#libs/telemetry';
import type { OverrunReport, RunFacts, Subject, WatchdogReporter } from '#libs/watchdog';

/** The settings that the watchdog's thread passes to `createReporter`. */
export interface OverrunReporterData {
  readonly redis: RedisOptions;
  readonly telemetry: Pick<TelemetryOptions, 'server' | 'level' | 'format'>;
}

/** Time limit for an answer of Redis, in ms. It is short, because the process may be killed soon. */
const STORE_TIMEOUT_MS = 500;
const CLEAR_TRIES_MAX = 30;
const CLEAR_AGAIN_MS = 1_000;
/** Interval of pings, in ms. Without pings, the client would close the idle connection. */
const PING_MS = 400;

/**
 * Returns the reporter that runs in the watchdog's thread. It logs a handler that runs too long. It also marks the handler's input in the
 * room's record, so that the next owner does not run this input.
 */
export function createReporter({ redis, telemetry }: OverrunReporterData): WatchdogReporter {
  const log = new Log(telemetry);
  const access = new RedisAccess(redis);
  const idle = openConnection(redis, access);
  const withMarks = async (work: (marks: SuspectMarks) => Promise<void>): Promise<boolean> => {
    try {
      if (idle.status === 'ready') {
        await work(new SuspectMarks(idle));
        return true;
      }
    } catch {
      // Tries once more over a new connection, because the idle connection may have broken unnoticed.
    }
    return withNewConnection(redis, access, log, work);
  };
  return {
    async suspect(facts) {
      const place = placeOf(facts.subject);
      if (place) await withMarks((marks) => marks.mark(place, inputOf(facts)));
    },
    slow: (report) => log.error('handler.overran', factsOf(report)),
    async ended(facts) {
      const place = placeOf(facts.subject);
      if (!place) return;
      // Tries several times to remove the mark of the input. If the mark stayed, the next owner would wrongly treat this input as the cause
      // of a later crash.
      for (let tries = 1; tries <= CLEAR_TRIES_MAX; tries++) {
        if (await withMarks((marks) => marks.clear(place, inputOf(facts)))) return;
        await sleep(CLEAR_AGAIN_MS);
      }
    },
    async killing(report) {
      log.error('server.killed', { ...factsOf(report), reason: 'this handler could not be stopped in any other way' });
      standardWriter(1).flush();
    },
  };
}

/**
 * Opens the connection in advance. When a handler blocks the process, only a tenth of a second may remain to write the mark of its input.
 */
function openConnection(redis: RedisOptions, access: RedisAccess): RedisClient {
  const client = connect({ ...redis, commandTimeoutMs: STORE_TIMEOUT_MS }, access);
  client.on('error', () => {});
  client.connect().catch(() => {});
  setInterval(() => {
    if (client.status === 'ready') client.ping().catch(() => {});
    else if (client.status === 'end') client.connect().catch(() => {});
  }, PING_MS);
  return client;
}

async function withNewConnection(
  redis: RedisOptions,
  access: RedisAccess,
  log: Log,
  work: (marks: SuspectMarks) => Promise<void>,
): Promise<boolean> {
  const client = connect({ ...redis, commandTimeoutMs: STORE_TIMEOUT_MS }, access);
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
