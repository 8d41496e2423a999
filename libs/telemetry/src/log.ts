import { Inject, Injectable, Optional } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { boundedError, boundedLine } from './bounded-line.js';
import { cappedFields } from './capped.js';
import { Metrics } from './metrics.js';
import { standardWriter } from './standard-output.js';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry.options.js';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes facts with fields: `log.info('room.recovered', { roomId, epoch, pauseMs })`. The event is a fixed name (noun, dot, verb), so that
 * it can be searched and counted. Values belong in the fields, and an error in the field `error`. Do not log in a loop over frames.
 *
 * A call never throws and never blocks, whatever is logged and wherever the lines go (`OutputWriter`). When lines were dropped,
 * the line `log.dropped` says how many.
 */
@Injectable()
export class Log {
  private readonly logger: Logger;
  private isReported: (error: unknown, event: string) => boolean = () => false;

  constructor(
    @Inject(TELEMETRY_OPTIONS) { server, level, format, destination }: TelemetryOptions,
    @Optional() @Inject(Metrics) metrics?: Metrics,
  ) {
    const target = destination ?? standardWriter(1);
    this.logger = pino(
      {
        level,
        base: { server },
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }), log: cappedFields },
        serializers: { error: boundedError },
      },
      format === 'pretty' ? prettyStream(target, destination === undefined && process.stdout.isTTY === true) : jsonStream(target),
    );
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
      this.logger[level](fields, event);
    } catch (error) {
      // Reading a field may throw, and that error must not reach the caller.
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
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  const stack = (value as { stack?: unknown } | null)?.stack;
  return typeof stack === 'string' ? stack : JSON.stringify(value);
}
