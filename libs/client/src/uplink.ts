import { errorBody, type Goodbye, type Hello, HoldfastError, type PlayerMessage, PROTOCOL_VERSION, type Welcome } from '#libs/protocol';
import { Heartbeat } from './heartbeat.js';
import { GIVE_UP_MS_DEFAULT, type ReconnectOptions, retryDelayMs } from './reconnect.js';
import { SearchTime } from './search-time.js';
import { onWake } from './wake-signals.js';
import type { OpenWire, ReceivedMessage, Wire } from './wire/wire.js';

export interface UplinkOptions {
  readonly urls: readonly string[];
  readonly openWire: OpenWire;
  /** Time limit for opening a connection and receiving its welcome, in ms. After this time, the client tries the next gateway. */
  readonly welcomeMs: number;
  /** Time in ms for which the client repeats a refused first connection, if the refusal allows another attempt. */
  readonly openMs: number;
  readonly reconnect: ReconnectOptions;
  readonly random: () => number;
}

export interface UplinkListener {
  /** Returns the content of the hello for a new connection. */
  hello(): Omit<Hello, 'kind' | 'protocol'>;
  welcomed(welcome: Welcome): void;
  message(message: ReceivedMessage): void;
  /** The connection is lost, and the client opens a new connection. `isFaulty`: the client could not decode or apply a message. */
  lost(isFaulty: boolean): void;
  /** The client opens no further connection. `error`: the reason. */
  ended(error: HoldfastError): void;
}

/** Maximum random addition to `retryAfterMs`, in ms. It spreads the reconnects of clients that received the same value. */
const SPREAD_MS = 50;

/**
 * Maximum number of successive faults. One more fault ends the session. A fault is successive if it comes at most `FAULT_FREE_MS` (in ms)
 * after the previous fault. The delays before the reconnects grow, so this number of faults takes about 12 s.
 */
const FAULTS_MAX = 8;
const FAULT_FREE_MS = 60_000;

/**
 * Time in ms without an answer to a ping after which the client replaces the connection. The time is longer for an unanswered command than
 * after a wake-up. Otherwise all players would leave a gateway that only answers slowly.
 */
const PROBE_MS = { afterWake: 1_500, unanswered: 3_000 };
/** Time within which all signals of one wake-up arrive, in ms. These signals together start only one attempt. */
const WAKE_MS = 500;

type Phase = 'seeking' | 'greeting' | 'open' | 'resting' | 'over';

/**
 * Keeps one connection open, to any gateway that answers. Before the first welcome, it tries each gateway once. If a refusal allows another
 * attempt, it makes more attempts for `openMs`, with growing delays. After the first welcome, it makes attempts for `giveUpMs`, with
 * growing delays, and immediately when the device wakes. If the client cannot decode or apply a message of a connection, the uplink
 * replaces this connection. The delays before these replacements grow, too. After too many replacements, the session ends with
 * `sync-failed`.
 */
export class Uplink {
  private phase: Phase = 'resting';
  private wire: Wire | null = null;
  /** Number of the current connection, so that the client ignores messages of older connections. */
  private connectionNumber = 0;
  private gateway = 0;
  private attempt = 0;
  private wasWelcome = false;
  /** The last refusal that allows another attempt, before the first welcome. */
  private refusal: HoldfastError | null = null;
  private faults = 0;
  private faultyAt = 0;
  private readonly search = new SearchTime();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private probeTimer: ReturnType<typeof setTimeout> | undefined;
  private giveUpMs = GIVE_UP_MS_DEFAULT;
  private soughtAt = 0;
  private stopWaking = (): void => {};
  private readonly heartbeat = new Heartbeat(
    (nonce) => this.send({ kind: 'ping', nonce }),
    () => this.failed('nothing was received'),
  );

  constructor(
    private readonly options: UplinkOptions,
    private readonly listener: UplinkListener,
  ) {}

  start(): void {
    this.stopWaking();
    this.stopWaking = onWake(() => this.woke());
    this.attempt = 0;
    this.refusal = null;
    this.search.begin();
    this.seek();
  }

  /** True while a ping of `probe` has no answer and the connection has not been replaced. */
  get isProbing(): boolean {
    return this.probeTimer !== undefined;
  }

  /** Pings an open connection. Replaces the connection when no answer arrives within `PROBE_MS`. */
  probe(why: keyof typeof PROBE_MS): void {
    if (this.phase !== 'open') return;
    if (why === 'afterWake') this.stopProbe();
    if (this.probeTimer !== undefined) return;
    this.probeTimer = setTimeout(() => this.failed('a ping was not answered'), PROBE_MS[why]);
    this.send({ kind: 'ping', nonce: 0 });
  }

  /** Sends a message. Returns false when no connection is open. */
  send(message: PlayerMessage): boolean {
    if (this.phase !== 'open') return false;
    this.heartbeat.sent();
    this.wire?.send(message);
    return true;
  }

  /** Replaces a connection whose messages the client cannot apply, after a delay that grows with each replacement. */
  faulty(reason: string): void {
    if (this.phase === 'over' || this.phase === 'resting') return;
    if (!this.wasWelcome) return this.failed(reason);
    const now = Date.now();
    if (now - this.faultyAt > FAULT_FREE_MS) this.faults = 0;
    this.faultyAt = now;
    this.faults += 1;
    if (this.faults > FAULTS_MAX) return this.end(new HoldfastError('sync-failed', `${errorBody('sync-failed').message} (${reason})`));
    this.failed(reason, 'sync-failed', undefined, true);
  }

  stop(last?: PlayerMessage): void {
    if (last) this.send(last);
    this.close();
    this.phase = 'over';
    this.stopWaking();
  }

  /**
   * Called after a wake-up of the device. If a connection is open, probes it. Otherwise starts a new attempt, because an earlier attempt
   * may hang.
   */
  private woke(): void {
    if (this.phase === 'open') return this.probe('afterWake');
    if (this.phase === 'over' || !this.wasWelcome || performance.now() - this.soughtAt < WAKE_MS) return;
    this.attempt = 0;
    this.seek();
  }

  private seek(): void {
    const number = this.close();
    this.phase = 'seeking';
    this.soughtAt = performance.now();
    const url = this.options.urls[this.gateway]!;
    this.timer = setTimeout(() => this.failed(`no welcome from ${url} in ${this.options.welcomeMs} ms`), this.options.welcomeMs);
    const ifCurrent =
      <Args extends unknown[]>(act: (...args: Args) => void) =>
      (...args: Args): void => {
        if (number === this.connectionNumber) act(...args);
      };
    this.options
      .openWire(url, {
        opened: ifCurrent(() => this.greet()),
        message: ifCurrent((message) => this.heard(message)),
        closed: ifCurrent((reason, isFaulty) => (isFaulty ? this.faulty(`${url}: ${reason}`) : this.failed(`${url}: ${reason}`))),
      })
      .then(
        (wire) => {
          if (number === this.connectionNumber) this.wire = wire;
          else wire.close();
        },
        ifCurrent((error: unknown) =>
          this.end(error instanceof HoldfastError ? error : new HoldfastError('unavailable', String(error), { cause: error })),
        ),
      );
  }

  private greet(): void {
    this.phase = 'greeting';
    this.wire?.send({ ...this.listener.hello(), kind: 'hello', protocol: PROTOCOL_VERSION });
  }

  private heard(message: ReceivedMessage): void {
    this.heartbeat.heard();
    this.stopProbe();
    if (message.kind === 'goodbye') this.goodbye(message);
    else if (message.kind === 'welcome') this.welcomed(message);
    else if (this.phase === 'greeting' && message.kind === 'error') this.end(HoldfastError.from(message));
    else if (this.phase === 'open' && message.kind !== 'pong') this.listener.message(message);
  }

  private welcomed(welcome: Welcome): void {
    clearTimeout(this.timer);
    this.phase = 'open';
    this.attempt = 0;
    this.wasWelcome = true;
    this.refusal = null;
    this.giveUpMs = this.options.reconnect.giveUpMs ?? welcome.sessionMs ?? GIVE_UP_MS_DEFAULT;
    this.heartbeat.start(welcome.pingMs);
    this.listener.welcomed(welcome);
  }

  /** Reconnects if the goodbye contains `retryAfterMs` or a code that allows another attempt. Otherwise ends the session. */
  private goodbye(goodbye: Goodbye): void {
    const { retryAfterMs } = goodbye;
    const { code, message, retry } = HoldfastError.from({ ...errorBody(goodbye.code), ...(goodbye.reason && { message: goodbye.reason }) });
    const mayRetry = retry || retryAfterMs !== undefined;
    const error = new HoldfastError(code, message, { retry: mayRetry, retryAfterMs });
    if (!mayRetry) return this.end(error);
    if (!this.wasWelcome) this.refusal = error;
    this.failed(message, code, retryAfterMs);
  }

  /** Ends this connection or attempt, and schedules an attempt with the next gateway. */
  private failed(reason: string, code = 'unavailable', retryAfterMs?: number, isFaulty = false): void {
    if (this.phase === 'over') return;
    const wasOpen = this.phase === 'open';
    this.close();
    this.phase = 'resting';
    if (wasOpen) this.search.begin();
    else this.search.tried(this.options.welcomeMs);
    const { urls, reconnect, random } = this.options;
    const tries = this.attempt;
    this.attempt += 1;
    this.gateway = (this.gateway + 1) % urls.length;
    const isFirstRound = !this.wasWelcome && this.attempt < urls.length;
    const waitMs = retryAfterMs ?? this.refusal?.retryAfterMs ?? 0;
    const isOver = this.wasWelcome
      ? this.search.ms > this.giveUpMs
      : !isFirstRound && (this.refusal === null || this.search.ms + waitMs > this.options.openMs);
    // If a gateway has refused, the session ends with this refusal, because it names the cause better than a timeout.
    if (isOver) return this.end(this.refusal ?? new HoldfastError(code, reason, { retry: true, retryAfterMs }));
    const triesMs = retryDelayMs(tries, urls.length, reconnect, random);
    const growingMs = isFaulty ? Math.max(triesMs, retryDelayMs(this.faults - 1, 1, reconnect, random)) : triesMs;
    // The `retryAfterMs` of a gateway that shuts down applies only to the first attempt.
    const pauseMs = retryAfterMs !== undefined && tries === 0 ? retryAfterMs + random() * SPREAD_MS : Math.max(waitMs, growingMs);
    const delayMs = isFirstRound ? 0 : pauseMs;
    this.timer = setTimeout(() => {
      this.search.tried(delayMs);
      this.seek();
    }, delayMs);
    if (wasOpen) this.listener.lost(isFaulty);
  }

  private end(error: HoldfastError): void {
    if (this.phase === 'over') return;
    this.close();
    this.phase = 'over';
    this.stopWaking();
    this.listener.ended(error);
  }

  private stopProbe(): void {
    clearTimeout(this.probeTimer);
    this.probeTimer = undefined;
  }

  /** Closes the current connection, if there is one. Returns the number of the next connection. */
  private close(): number {
    clearTimeout(this.timer);
    this.stopProbe();
    this.heartbeat.stop();
    this.wire?.close();
    this.wire = null;
    this.connectionNumber += 1;
    return this.connectionNumber;
  }
}
