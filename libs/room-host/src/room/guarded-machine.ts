import type { RoomId, Seat } from '#libs/protocol';
import {
  GameMistake,
  type GameStart,
  isResultTimer,
  type LoadRule,
  type PastStates,
  plainCopy,
  type Refusal,
  type RoomInput,
  type RoomMachine,
  RoomOptionsError,
  type RoomOutcome,
  type RoomPlayer,
  type RoomRules,
  type RoomValue,
  UnstorableError,
  validOptions,
} from '#libs/room';
import { describeThrown, type LoggedError } from '#libs/telemetry';
import { type HandlerGuard, OverrunError, type RunSubject } from '#libs/watchdog';

/** The part of a room's state machine that `HostedRoom` needs. Tests use a `RoomMachine` directly. */
export interface HostedMachine extends Pick<RoomMachine, 'rules' | 'handle' | 'view' | 'viewOf'> {
  /** Frees the data that the watchdog keeps about the room. Call it when the room leaves this server. */
  dispose?(): void;
  /** The object that runs code of the game under the watchdog. Absent: the code runs without a watchdog. */
  readonly runs?: RunSubject;
  labelOf?(input: GameInput): number;
}

/** Kinds of inputs that run code of the game. */
type GameInput = Exclude<RoomInput, { kind: 'end' | 'effects-done' }>;

/** Names of game code that runs without an input, for logs and for marks of suspect inputs. */
export const HANDLER = { setup: 'setup', load: 'load', migrateState: 'migrateState', view: 'view' } as const;

/**
 * Returns the name of the code that an input runs, for logs and marks of suspect inputs: `command place`, `timer turn`, `seat away`, `step`
 * …
 */
export function handlerOf(input: RoomInput): string {
  switch (input.kind) {
    case 'timer':
      return isResultTimer(input.name) ? 'result that is overdue' : `timer ${input.name}`;
    case 'command':
    case 'result':
      return `${input.kind} ${input.name}`;
    case 'seat':
      return `seat ${input.event}`;
    default:
      return input.kind;
  }
}

/**
 * A copy of an error that a game threw, with its name, message, code and stack. Reading the original can run code of the game (getters,
 * `toString`), so the copy is made under the watchdog.
 */
export class GameError extends Error {
  readonly code?: string | number;

  constructor({ name, message, code, stack }: LoggedError) {
    super(message);
    this.name = name;
    if (code !== undefined) this.code = code;
    this.stack = stack ?? `${name}: ${message}`;
  }
}

/** The state machine of one room. All code of its game runs under the watchdog. */
export class GuardedMachine implements HostedMachine {
  readonly runs: RunSubject;

  constructor(
    private readonly machine: RoomMachine,
    private readonly labels: HandlerLabels,
    private readonly guard: HandlerGuard,
    room: RoomId,
    /** The epoch in which this server owns the room, or the id of the start that sets the room up. */
    tenure: { readonly epoch: number } | { readonly start: string },
  ) {
    this.runs = guard.subject({ game: machine.rules.definition.name, room, ...tenure });
  }

  get rules(): RoomRules {
    return this.machine.rules;
  }

  /** @throws RoomOptionsError, the error of the game, or `OverrunError` */
  start(
    room: RoomId,
    players: readonly RoomPlayer[],
    round: number,
    start: string,
    options?: unknown,
    loaded?: unknown,
    mode?: string,
  ): ReturnType<RoomMachine['start']> {
    const setUp = () => describing(() => this.machine.start(room, players, round, start, options, loaded, mode));
    return this.runs.run(this.labels.setup, -1, 0, setUp);
  }

  /** Returns the options of a room as the game's schema gives them. @throws RoomOptionsError, the error of the game, or `OverrunError` */
  options(given: unknown): unknown {
    return this.runs.run(this.labels.setup, -1, 0, () => describing(() => validOptions(this.rules, given)));
  }

  /**
   * Calls the game's `@OnLoad` method. The watchdog limits the time of the call, but not the wait for the result.
   *
   * @throws the error of the game, or `OverrunError`
   */
  load({ run }: LoadRule, start: GameStart): unknown {
    return this.runs.runOnce(this.labels.load, () => run(start));
  }

  /** Returns a plain copy of loaded data. @throws UnstorableError, or `OverrunError` */
  plainCopyOf(loaded: unknown, what: string): unknown {
    return loaded === undefined ? undefined : this.runs.run(this.labels.load, -1, 0, () => plainCopy(loaded, what));
  }

  /** Sets the epoch for the watchdog's reports, once this server owns the room that it has set up. */
  opened(epoch: number): void {
    this.runs.update({ game: this.rules.definition.name, room: this.runs.subject.room, epoch });
  }

  /**
   * Converts a state of an older version of the game.
   *
   * @throws the error of the game, or `OverrunError`
   */
  migrateState(migrate: NonNullable<RoomRules['migrateState']>, state: unknown, fromVersion: number): unknown {
    return this.runs.run(this.labels.migrateState, -1, 0, () => describing(() => migrate(state, fromVersion)));
  }

  labelOf(input: GameInput): number {
    return this.labels.of(input, this.machine.rules);
  }

  handle(
    value: RoomValue,
    input: RoomInput,
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
    tenure?: string,
    history?: PastStates,
  ): RoomOutcome<unknown> {
    const { machine } = this;
    // An input that runs no code of the game needs no watchdog.
    if (input.kind === 'end' || input.kind === 'effects-done') return machine.handle(value, input, refused);
    // The whole batch with this input already runs under the watchdog.
    if (this.guard.isRunning) return described(machine.handle(value, input, refused, tenure, history));
    const seat = input.kind === 'command' || input.kind === 'seat' || input.kind === 'bot' ? input.seat : -1;
    const seq = input.kind === 'command' ? input.seq : 0;
    try {
      return this.runs.run(this.labels.of(input, machine.rules), seat, seq, () =>
        described(machine.handle(value, input, refused, tenure, history)),
      );
    } catch (error) {
      if (error instanceof OverrunError) return { kind: 'failed', error };
      throw error;
    }
  }

  /** @throws the error of the game, or `OverrunError` */
  viewOf(value: RoomValue, seat: Seat | null): unknown {
    if (this.rules.view === null) return value.state;
    return this.runs.run(this.labels.view, seat ?? -1, 0, () => describing(() => this.machine.viewOf(value, seat)));
  }

  /** @throws the error of the game, or `OverrunError` */
  view(state: unknown, seat: Seat | null): unknown {
    if (this.rules.view === null) return state;
    return this.runs.run(this.labels.view, seat ?? -1, 0, () => describing(() => this.machine.view(state, seat)));
  }

  dispose(): void {
    this.runs.dispose();
  }
}

function described(outcome: RoomOutcome<unknown>): RoomOutcome<unknown> {
  return outcome.kind === 'failed' ? { kind: 'failed', error: asGameError(outcome.error) } : outcome;
}

function describing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asGameError(error);
  }
}

/** Returns errors of Holdfast unchanged, and a `GameError` for any other thrown value. */
export function asGameError(error: unknown): Error {
  if (error instanceof UnstorableError || error instanceof GameMistake || error instanceof RoomOptionsError) return error;
  return new GameError(describeThrown(error));
}

/** The numbers by which the watchdog identifies the names of game code. */
export class HandlerLabels {
  readonly setup: number;
  readonly load: number;
  readonly migrateState: number;
  readonly view: number;
  private readonly step: number;
  private readonly unknownCommand: number;
  private readonly commands = new Map<string, number>();

  constructor(private readonly guard: HandlerGuard) {
    this.setup = guard.label(HANDLER.setup);
    this.load = guard.label(HANDLER.load);
    this.migrateState = guard.label(HANDLER.migrateState);
    this.view = guard.label(HANDLER.view);
    this.step = guard.label('step');
    this.unknownCommand = guard.label('command');
  }

  of(input: GameInput, rules: RoomRules): number {
    switch (input.kind) {
      case 'command':
        return this.commands.get(input.name) ?? this.command(input.name, rules);
      case 'step':
        return this.step;
      default:
        return this.guard.label(handlerOf(input));
    }
  }

  effect(name: string): number {
    return this.guard.label(`effect ${name}`);
  }

  /** Returns the number of a command. All unknown commands share one number, because players can send any name. */
  private command(name: string, rules: RoomRules): number {
    if (!rules.commands.has(name)) return this.unknownCommand;
    const label = this.guard.label(`command ${name}`);
    this.commands.set(name, label);
    return label;
  }
}
