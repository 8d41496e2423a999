import type { Seat } from '#libs/protocol';
import { freezeDeep } from './plain-data.js';
import type { InputRule } from './room-rules.js';
import type { SeatValue } from './room-value.js';

/** A player input that a step samples: the state of the player's controls, and the number of the player input. */
export interface SampledInput {
  readonly number: number;
  readonly data: unknown;
}

/** The player inputs of one step. */
export interface StepInputs {
  /**
   * Returns the latest player input of each seat, by seat. Calls `validate` of the game, which can throw or run too long. So only the room
   * machine calls this method, because it handles such failures.
   */
  sample(validate: InputRule['validate']): readonly (SampledInput | undefined)[];
}

/** Stores the player inputs of bots for the next step. */
export interface BotInputs {
  /** Stores the player input of a bot for the next step. `data` must be a copy that the game cannot change. */
  hold(seat: Seat, data: unknown): void;
}

/**
 * The reason why a player input was dropped. `old`: its number is not above the last number of its seat. `replaced`: a newer one came
 * before the step. `too-many`: the queue was full. `invalid`: the schema of the game refuses the data, or the bytes cannot be read.
 */
export type InputDropReason = 'old' | 'replaced' | 'too-many' | 'invalid';

export interface InputCounts {
  taken(): void;
  dropped(reason: InputDropReason): void;
}

/**
 * The player inputs of a room that no step has sampled yet, and the last sampled one of each seat. They are not part of the room's value:
 * on a new owner, a seat has no player input until the next one arrives. Only the number of the last sampled one is stored.
 */
export class SeatInputs implements StepInputs, BotInputs {
  private readonly waiting: SampledInput[][] = [];
  private readonly held: (SampledInput | undefined)[] = [];
  /** The highest number of a player input that arrived, by seat. */
  private readonly newest: number[];

  /**
   * @param queue number of inputs that wait for steps, one for each step. 0: the latest input replaces the one before.
   * @param seats the seats of the room's value, which has the number of the last sampled input of each
   */
  constructor(
    private readonly queue: number,
    seats: readonly SeatValue[],
    public counts: InputCounts = NOT_COUNTED,
  ) {
    this.newest = seats.map(({ input = 0 }) => input);
  }

  /** True when the player input is a repetition, or older than one that arrived before. It then need not be decoded. */
  isOld(seat: Seat, number: number): boolean {
    if (number > (this.newest[seat] ?? 0)) return false;
    this.counts.dropped('old');
    return true;
  }

  take(seat: Seat, number: number, data: unknown): void {
    if (this.isOld(seat, number)) return;
    this.newest[seat] = number;
    this.waiting[seat] ??= [];
    const waiting = this.waiting[seat];
    if (waiting.length >= Math.max(1, this.queue)) {
      waiting.shift();
      this.counts.dropped(this.queue > 0 ? 'too-many' : 'replaced');
    }
    waiting.push({ number, data });
  }

  hold(seat: Seat, data: unknown): void {
    this.waiting[seat] ??= [];
    const waiting = this.waiting[seat];
    if (waiting.length >= Math.max(1, this.queue)) waiting.shift();
    waiting.push({ number: BOT_INPUT, data });
  }

  /** Drops the waiting inputs of a seat whose player has lost the connection. The player then holds nothing. */
  release(seat: Seat): void {
    const waiting = this.waiting[seat] ?? [];
    for (const { number } of waiting) if (number !== BOT_INPUT) this.counts.dropped('old');
    this.waiting[seat] = [];
    this.held[seat] = undefined;
  }

  sample(validate: InputRule['validate']): readonly (SampledInput | undefined)[] {
    for (let seat = 0; seat < this.waiting.length; seat++) {
      const next = this.waiting[seat]?.shift();
      if (next === undefined) continue;
      const validation = validate(next.data);
      if (validation.ok) {
        this.held[seat] = { number: next.number, data: freezeDeep(validation.value) };
        if (next.number !== BOT_INPUT) this.counts.taken();
      } else this.counts.dropped('invalid');
    }
    return this.held;
  }
}

/** The number of every player input of a bot. It is below all numbers that players send, so no change records it. */
const BOT_INPUT = 0;

const NOT_COUNTED: InputCounts = { taken: () => {}, dropped: () => {} };
