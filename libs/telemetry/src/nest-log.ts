import { Injectable, type LoggerService } from '@nestjs/common';
import { Log } from './log.js';

/** Writes Nest's own messages to the server log: `app.useLogger(app.get(NestLog))`. */
@Injectable()
export class NestLog implements LoggerService {
  constructor(private readonly lines: Log) {}

  /** Writes Nest's messages as `debug`, because its many messages at the start (each module, each route) are useful only to developers. */
  log(message: unknown, ...rest: unknown[]): void {
    this.lines.debug('nest.log', fieldsOf(message, rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.lines.error('nest.error', fieldsOf(message, rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.lines.warn('nest.warn', fieldsOf(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.lines.debug('nest.debug', fieldsOf(message, rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.lines.debug('nest.verbose', fieldsOf(message, rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.lines.error('nest.fatal', fieldsOf(message, rest));
  }
}

/** Nest passes the message first, the context last, and the stack of an error between them. */
function fieldsOf(message: unknown, rest: unknown[]): Record<string, unknown> {
  const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
  const between = rest.slice(0, context === undefined ? undefined : -1).filter((part) => part !== undefined);
  const [stack] = between;
  if (typeof message === 'object' && message !== null && 'stack' in message)
    return { context, error: message, ...(between.length > 0 && { more: between }) };
  if (typeof message === 'string' && between.length === 1 && typeof stack === 'string')
    return { context, error: { name: NAME.exec(stack)?.[0] ?? 'Error', message, stack } };
  return { context, message, ...(between.length > 0 && { more: between.length === 1 ? stack : between }) };
}

/** The name of an error at the beginning of its stack. */
const NAME = /^\w*(Error|Exception)(?=:)/;
