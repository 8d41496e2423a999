export interface TracingOptions {
  /** The id of this server. */
  readonly server: string;
  /** The type of this server, for the service name in its traces (`holdfast-game`). */
  readonly type: string;
  readonly build: string;
  /** The base URL of an OTLP receiver for HTTP, such as `http://127.0.0.1:4318`. Null: tracing is off. */
  readonly endpoint: string | null;
  /** Share of the commands and requests of players that are traced, in percent. */
  readonly samplePercent: number;
}
