import { Inject, Injectable, Optional } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { Tracer } from '#libs/tracing';
import { boundedLine } from './bounded-line.js';
import { cappedFields } from './capped.js';
import { describeThrown, type LoggedError } from './describe-thrown.js';
import { LineBudget } from './line-budget.js';
import { Metrics } from './metrics.js';
import { standardWriter } from './standard-output.js';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry.options.js';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Fields of a line about the life of a room, a session or a player. `user` and `users` have user ids, so that one query finds all lines of
 * a player on all servers.
 */
export interface LifeFields extends LogFields {
  readonly roomId?: string;
  readonly user?: string;
  readonly users?: readonly string[];
  readonly session?: string;
}

/**
 * Writes facts with fields: `log.info('room.recovered', { roomId, epoch, pauseMs })`. The event is a fixed name (noun, dot,
 * verb), so that it can be searched and counted; values belong in the fields. An error belongs in the field `error`, which has
 * the form of `LoggedError` in each line, whatever was thrown. Do not log in a loop over frames.
 *
 * A call never throws and never blocks, whatever is logged and wherever the lines go (`OutputWriter`). When lines were dropped,
 * the line `log.dropped` says how many. A line of a traced operation has the field `traceId`.
 */
@Injectable()
export class Log {
  private readonly logger: Logger;
  private readonly lifeLines: LineBudget;
  private readonly refusalLines: LineBudget;
  private isReported: (error: unknown, event: string) => boolean = () => false;

  constructor(
    @Inject(TELEMETRY_OPTIONS) { server, level, format, lifeLinesPerSecond = LIFE_LINES_DEFAULT, destination }: TelemetryOptions,
    @Optional() @Inject(Metrics) metrics?: Metrics,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {
    const target = destination ?? standardWriter(1);
    this.logger = pino(
      {
        level,
        base: { server },
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }), log: cappedFields },
        serializers: { error: describeThrown },
      },
      format === 'pretty' ? prettyStream(target, destination === undefined && process.stdout.isTTY === true) : jsonStream(target),
    );
    const leftOut = (lines: number) => this.info('life.left-out', { lines, linesPerSecond: lifeLinesPerSecond });
    this.lifeLines = new LineBudget(lifeLinesPerSecond, leftOut);
    this.refusalLines = new LineBudget(lifeLinesPerSecond, leftOut);
    if (!destination) this.reportLosses(metrics);
  }

  /** Logs a fact that helps to find a defect. */
  debug(event: string, fields?: LogFields): void {
    this.write('debug', event, fields);
  }

  /** Logs a fact of normal operation. */
  info(event: string, fields?: LogFields): void {
    this.write('info', event, fields);
  }

  /**
   * Writes a step in the life of a room, a session or a player, at the level `info`. A busy server would write many of these lines, so at
   * most `lifeLinesPerSecond` of them are written. The line `life.left-out` says how many were left out.
   */
  life(event: string, fields: LifeFields): void {
    if (this.logger.isLevelEnabled('info') && this.lifeLines.take()) this.write('info', event, fields);
  }

  /**
   * Writes the refusal of a request or a login. These lines have the same limit as those of `life`, but are counted separately: anybody can
   * cause refusals, and they must not use up the lines about other players.
   */
  refusal(event: string, fields: LifeFields): void {
    if (this.logger.isLevelEnabled('info') && this.refusalLines.take()) this.write('info', event, fields);
  }

  /** Logs a fact that an operator may have to act on. */
  warn(event: string, fields?: LogFields): void {
    this.write(this.levelOf('warn', event, fields), event, fields);
  }

  /** Logs a defect of this software, or a failure with a lasting effect. */
  error(event: string, fields?: LogFields): void {
    this.write(this.levelOf('error', event, fields), event, fields);
  }

  /**
   * Writes an error or a warning as `debug` when `isReported` returns true for its field `error`, because another line already reports the
   * cause. Use it for a cause of many errors, such as an unreachable Redis.
   */
  reportElsewhere(isReported: (error: unknown, event: string) => boolean): void {
    this.isReported = isReported;
  }

  private levelOf(level: 'warn' | 'error', event: string, fields?: LogFields): 'debug' | 'warn' | 'error' {
    return fields?.error !== undefined && this.isReported(fields.error, event) ? 'debug' : level;
  }

  private write(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: LogFields = NO_FIELDS): void {
    try {
      const trace = this.tracer?.active;
      this.logger[level](trace ? { ...fields, traceId: trace.traceId } : fields, event);
    } catch (error) {
      // Reading a field can throw, and the error must not reach the caller.
      this.logger[level]({ unreadable: error instanceof Error ? error.message : 'a field' }, event);
    }
  }

  private reportLosses(metrics: Metrics | undefined): void {
    for (const [fd, stream] of [
      [1, 'stdout'],
      [2, 'stderr'],
    ] as const) {
      const dropped = metrics?.logLinesDropped.of({ stream });
      const writer = standardWriter(fd);
      writer.onDrop(() => dropped?.inc());
      writer.onRecovery((loss) => this.write('error', 'log.dropped', { stream, ...loss }));
    }
  }
}

const LIFE_LINES_DEFAULT = 100;
const NO_FIELDS = {};
const OWN_FIELDS = new Set(['level', 'time', 'event', 'server']);

interface LineTarget {
  write(line: string): void;
}

function jsonStream(target: LineTarget): DestinationStream {
  return { write: (line) => target.write(boundedLine(line)) };
}

function prettyStream(target: LineTarget, colorize: boolean): DestinationStream {
  const prettyOf = prettyFactory({
    messageKey: 'event',
    hideObject: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    colorize,
    messageFormat: (line) => `${line.server} ${line.event}${fieldsOf(line as Record<string, unknown>)}`,
  });
  return { write: (line) => target.write(prettyOf(boundedLine(line)) ?? line) };
}

function fieldsOf(line: Record<string, unknown>): string {
  let text = '';
  for (const [name, value] of Object.entries(line)) {
    if (OWN_FIELDS.has(name) || value === undefined) continue;
    text += ` ${name}=${textOf(value)}`;
  }
  return text;
}

function textOf(value: unknown): string {
  // Quotes control characters, too, because a terminal would execute the control characters in a text that a client sent.
  if (typeof value === 'string') return /[\s"=\p{Cc}]/u.test(value) ? escaped(JSON.stringify(value)) : value;
  const { name, message, stack } = (value ?? {}) as Partial<LoggedError>;
  if (typeof stack === 'string') return stack;
  return typeof name === 'string' && typeof message === 'string' ? textOf(`${name}: ${message}`) : JSON.stringify(value);
}

/** Escapes the control characters that JSON leaves as they are. */
function escaped(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
