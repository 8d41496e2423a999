import type { ServerType } from '#libs/protocol';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface TelemetryOptions {
  /** The id of this server. It appears in every log line, and as a label of every metric. */
  readonly server: string;
  /**
   * The type of this server. The counters of this type appear in the metrics with the value 0 before their first increment. Default: each
   * counter appears after its first increment.
   */
  readonly type?: ServerType;
  /** The build of the fleet's software that this server runs (`SERVER_BUILD`), for `holdfast_build_info`. */
  readonly build?: string;
  readonly level: LogLevel;
  /** `pretty` for a person at a terminal, `json` (one object per line) for a log collector. */
  readonly format: LogFormat;
  /** Maximum number of lines per second about the life of rooms and sessions (`Log.life`). Default: 100. */
  readonly lifeLinesPerSecond?: number;
  /** The target of the log lines. Default: standard output. */
  readonly destination?: { write(line: string): void };
}

export const TELEMETRY_OPTIONS = Symbol('TelemetryOptions');
