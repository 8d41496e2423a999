import type { Seat } from '#libs/protocol';
import { type Blend, Blender } from './blend.js';
import { Correction } from './correction.js';
import { InputSender } from './input-sender.js';
import { copied, isSame } from './plain.js';
import type { FeedSync, RoomFeed } from './room-feed.js';
import { ServerClock } from './server-clock.js';
import { Timeline } from './timeline.js';

/**
 * When the time between two calls of `sample` or `hold` is longer than this, in ms, the device or the tab was asleep. The prediction then
 * skips the missed steps.
 */
const SLEPT_MS = 500;
/**
 * When the time between two syncs is longer than this, in ms, the server may have lost the player input. The client then sends the input
 * again.
 */
const SILENT_MS = 400;
/**
 * Time in ms without a sync and without a change of the player input after which prediction stops. The recovery of a room takes less time.
 */
const ALONE_MS = 10_000;

/** The options of `predict`. */
export interface PredictionOptions<State, Own extends object, Input> {
  /** Length of a step of the game, in ms: 1000 / hz of its `@OnStep(hz)`. */
  readonly stepMs: number;
  /**
   * Returns the entity that is predicted, such as the ship of this seat. Undefined: there is no such entity now, for example because the
   * ship is destroyed.
   */
  readonly own: (state: State, seat: Seat) => Own | undefined;
  /**
   * Computes one step of the predicted entity, as the game does on the server. The function gets a copy of the entity, and may change the
   * copy in place or return the next value. It must depend only on its arguments, because each step is computed several times. `state` is
   * the latest state of the server, for example for obstacles, and must not be changed.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a step that changes its argument returns nothing
  readonly step: (own: Own, input: Input, stepMs: number, state: State) => Own | void;
  /** The player input while the player presses no key. */
  readonly idle: Input;
  /** The fields of `Own` that are interpolated between two steps. All other fields have their latest predicted value. */
  readonly blend: Blend<Own>;
  /** Distance in the units of the game above which a correction is shown as a jump. Default: no limit. */
  readonly jumpOver?: number;
  /** The local clock, in ms. It must never go back. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Measurements of a prediction, for a display of the connection. */
export interface PredictionStats {
  /**
   * Time from the sending of a player input to the sync that contains it, in ms: the round trip plus the wait for a step. Undefined: not
   * measured yet.
   */
  readonly roundTripMs: number | undefined;
  /** Number of predicted steps that the server's state does not contain. */
  readonly pendingSteps: number;
  /** Distance by which the latest sync corrected the prediction, in the units of the game. It is computed from the `linear` fields. */
  readonly correction: number;
  /** Time since the arrival of the latest sync, in ms. Undefined: no sync has arrived. */
  readonly silentMs: number | undefined;
}

/** The result of `predict`. */
export interface Prediction<Own, Input> {
  /**
   * Sets the controls that the player holds down. The client sends changed controls at most once per step. A key press that is shorter than
   * a step counts for one whole step.
   */
  hold(input: Input): void;
  /**
   * Returns the entity to draw now. Call this method in each frame. Undefined: no state has arrived, this player has no seat, or `own`
   * returned undefined.
   */
  sample(): Own | undefined;
  readonly stats: PredictionStats;
  /** Ends the prediction. */
  stop(): void;
}

/**
 * Predicts the entity that this player steers, so that it moves in the same frame in which a key is pressed. Each sync restarts the
 * prediction: from the state of the server, with the steps that this state does not contain yet. An error of the prediction is corrected
 * over some 100 ms. While the server is silent, the prediction continues for up to ten seconds.
 *
 * The prediction has no timers, so call `sample` in each frame.
 *
 * @example
 * const ship = predict(room, {
 *   stepMs: 50,
 *   own: (state, seat) => state.ships.find((ship) => ship.seat === seat),
 *   step: moveShip,
 *   idle: { turn: 0, thrust: false },
 *   blend: { x: 'linear', y: 'linear', heading: { turn: 2 * Math.PI } },
 * });
 * addEventListener('keydown', () => ship.hold({ turn: 0, thrust: true }));
 * addEventListener('blur', () => ship.hold({ turn: 0, thrust: false }));
 * const frame = () => (draw(ship.sample()), requestAnimationFrame(frame));
 */
export function predict<State, Own extends object, Input>(
  room: RoomFeed<State>,
  options: PredictionOptions<State, Own, Input>,
): Prediction<Own, Input> {
  return new OwnPrediction(room, options);
}

class OwnPrediction<State, Own extends object, Input> implements Prediction<Own, Input> {
  private readonly now: () => number;
  private readonly clock = new ServerClock();
  private readonly sender: InputSender;
  private readonly timeline: Timeline<Input>;
  private readonly blender: Blender<Own>;
  private readonly corrections: Correction<Own>;
  private readonly off: () => void;

  private sync: FeedSync<State> | undefined;
  private state: State | undefined;
  private syncAt = 0;
  /** Local time, in ms, up to which the prediction has run. */
  private time: number;
  /** The elapsed fraction of the step in progress, from 0 to 1. */
  private fraction = 0;
  /** The predicted value at the beginning of the step in progress. */
  private from: Own | undefined;
  /** The predicted value at the end of the step in progress. */
  private to: Own | undefined;
  /** The player input of the step in progress. */
  private input: Input;
  /** The player input of the previous step. */
  private inputBefore: Input;
  /** The player input of the next step. Undefined: it is not known yet. */
  private inputAfter: { readonly input: Input } | undefined;
  private number = 0;
  private changedAt = 0;
  private correction = 0;

  constructor(
    private readonly room: RoomFeed<State>,
    private readonly options: PredictionOptions<State, Own, Input>,
  ) {
    if (!(options.stepMs > 0)) throw new RangeError(`stepMs is ${options.stepMs}: it must be a number of ms above 0, such as 50.`);
    this.now = options.now ?? (() => performance.now());
    this.sender = new InputSender(room);
    this.timeline = new Timeline(options.stepMs);
    this.blender = new Blender(options.blend);
    this.corrections = new Correction(this.blender, options.jumpOver ?? Number.POSITIVE_INFINITY);
    this.input = options.idle;
    this.inputBefore = options.idle;
    this.time = this.now();
    this.off = room.on('sync', (sync) => this.take(sync));
  }

  hold(input: Input): void {
    this.advance();
    // The first change of the player input within a step applies to this step, and a second change to the next step. So a key press that is
    // shorter than a step still has an effect.
    if (!isSame(this.input, this.inputBefore)) {
      this.inputAfter = { input };
      return;
    }
    if (isSame(input, this.input)) return;
    const shown = this.shown();
    this.input = input;
    this.to = this.from && this.next(this.from);
    this.smooth(shown);
  }

  sample(): Own | undefined {
    this.advance();
    return this.shown();
  }

  get stats(): PredictionStats {
    return {
      roundTripMs: this.sender.roundTripMs,
      pendingSteps: this.timeline.pending,
      correction: this.correction,
      silentMs: this.sync && this.now() - this.syncAt,
    };
  }

  stop(): void {
    this.off();
  }

  private take(sync: FeedSync<State>): void {
    if (sync.state === undefined) return;
    this.advance();
    const { stepMs } = this.options;
    const shown = this.shown();
    const predicted = this.actual();
    const { sync: before, time: now } = this;
    const time = sync.time ?? now;
    const input = sync.input ?? 0;
    // Two syncs with the same room time belong to one step. The server may have sent the second sync much later, so the clock ignores it.
    if (time !== before?.time) this.clock.take(time, now);
    this.sender.answer(input, now);
    if (!before || sync.rewound || now - this.syncAt > SILENT_MS) {
      this.timeline.realign();
      this.sender.repeat();
    }
    this.sync = sync;
    this.state = sync.state;
    this.syncAt = now;
    const serverSteps = before ? Math.max(Math.round((time - (before.time ?? time - stepMs)) / stepMs), 0) : 0;
    const delayMs = Math.max(now - this.clock.localTimeOf(time), 0);
    this.timeline.reconcile(serverSteps, input, this.timeline.latest + this.fraction - delayMs / stepMs);
    this.replay();
    const actual = this.actual();
    this.correction = predicted && actual ? this.blender.length(this.blender.offset(predicted, actual)) : 0;
    this.smooth(shown);
  }

  private replay(): void {
    const { state, room, options } = this;
    const own = state !== undefined && room.seat !== null ? options.own(state, room.seat) : undefined;
    this.from = own && copied(own);
    if (this.from) for (const input of this.timeline.inputs()) this.from = this.run(this.from, input);
    this.to = this.from && this.next(this.from);
  }

  private advance(): void {
    const now = this.now();
    const elapsed = now - this.time;
    if (!(elapsed > 0)) return;
    this.time = now;
    if (!this.sync) return;
    if (elapsed > SLEPT_MS) {
      this.timeline.realign();
      this.sender.repeat();
      this.corrections.clear();
      this.endStep(now);
      return;
    }
    this.fraction += (elapsed * this.timeline.rate) / this.options.stepMs;
    while (this.fraction >= 1) {
      this.fraction -= 1;
      this.endStep(now);
    }
  }

  /**
   * Ends the step in progress. Sends the player input only at the end of its step, so that the number of steps between two inputs is whole,
   * as on the server.
   */
  private endStep(now: number): void {
    const isChange = !isSame(this.input, this.inputBefore);
    const isSent = this.room.seat !== null && (isChange || this.sender.isDue(now));
    if (isSent) this.number = this.sender.send(this.input, now);
    this.timeline.add(this.input, isSent ? this.number : 0, isSent && isChange);
    this.inputBefore = this.input;
    this.input = this.inputAfter ? this.inputAfter.input : this.input;
    this.inputAfter = undefined;
    if (isChange) this.changedAt = now;
    this.from = this.to;
    if (now - Math.max(this.syncAt, this.changedAt) < ALONE_MS) this.to = this.from && this.next(this.from);
  }

  private next(own: Own): Own {
    return this.run(copied(own), this.input);
  }

  private run(own: Own, input: Input): Own {
    return this.options.step(own, input, this.options.stepMs, this.state as State) ?? own;
  }

  private actual(): Own | undefined {
    return this.from && this.to && this.blender.mix(this.from, this.to, this.fraction);
  }

  private shown(): Own | undefined {
    const actual = this.actual();
    return actual && this.corrections.apply(actual, this.time);
  }

  private smooth(shown: Own | undefined): void {
    const actual = this.actual();
    if (shown && actual) this.corrections.begin(shown, actual, this.time);
    else this.corrections.clear();
  }
}
