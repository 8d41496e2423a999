import { Writable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { build as pretty } from 'pino-pretty';
import { cappedFields, cappedValue } from './capped.js';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry.options.js';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Facts, once each, with fields: `log.info('room.recovered', { roomId, epoch, pauseMs })`. The event is a fixed name
 * (noun, dot, verb), so that it can be searched and counted; what varies goes into the fields. An error goes into the
 * field `error`. Never in a loop over frames.
 */
@Injectable()
export class Log {
  private readonly logger: Logger;

  constructor(@Inject(TELEMETRY_OPTIONS) { server, level, format, destination }: TelemetryOptions) {
    // Written in step with the process, not by a worker: the last line before a crash is the one that matters.
    const stream = format === 'pretty' ? prettyStream(destination) : (destination ?? pino.destination({ fd: 1, sync: true }));
    this.logger = pino(
      {
        level,
        base: { server },
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }), log: cappedFields },
        serializers: { error: (error) => cappedValue(pino.stdSerializers.err(error)) },
        redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '***' },
      },
      stream,
    );
  }

  debug(event: string, fields?: LogFields): void {
    this.logger.debug(fields ?? NO_FIELDS, event);
  }

  info(event: string, fields?: LogFields): void {
    this.logger.info(fields ?? NO_FIELDS, event);
  }

  warn(event: string, fields?: LogFields): void {
    this.logger.warn(fields ?? NO_FIELDS, event);
  }

  error(event: string, fields?: LogFields): void {
    this.logger.error(fields ?? NO_FIELDS, event);
  }
}

/** Fields of these names are never written, whoever logs them. */
const SECRETS = ['secret', 'token', 'password', 'authorization', 'cookie'];
const NO_FIELDS = {};
const OWN_FIELDS = new Set(['level', 'time', 'event', 'server']);

function prettyStream(destination?: { write(line: string): void }): DestinationStream {
  return pretty({
    messageKey: 'event',
    sync: true,
    hideObject: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    colorize: destination === undefined && process.stdout.isTTY === true,
    destination: destination ? writableTo(destination) : 1,
    messageFormat: (line) => `${line.server} ${line.event}${fieldsOf(line as Record<string, unknown>)}`,
  });
}

function writableTo(destination: { write(line: string): void }): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      destination.write(line);
      done();
    },
  });
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
