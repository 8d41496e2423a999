import type { GameResult, RoomId, Seat } from '#libs/protocol';
import { RoundingTree, roundParts } from '#libs/state-patch';
import { keyedEffects, pendingEffects, seatsAfter, withChange } from './apply-change.js';
import { DraftChoice, hasStatePatches } from './draft-choice.js';
import { type EffectResult, isResultTimer, TIMED_OUT_REPLY } from './effect-result.js';
import { GameMistake, quoted } from './game-mistake.js';
import { HandlerRun, Rejection } from './handler-run.js';
import { leaveTimerOf, seatOfLeaveTimer } from './leave-timer.js';
import type { PastStates } from './past-states.js';
import { freezeDeep, plainCopy } from './plain-data.js';
import { RATING_EFFECT, ratedGameOf } from './ranking.js';
import type { RoomInput, RoomOutcome, RoomPlayer, RoomSurroundings } from './room-input.js';
import { validOptions } from './room-options.js';
import type { BotMove, CommandRule, GameRoom, RoomRules, SeatEvent, Setup } from './room-rules.js';
import type { Change, ChangeEvent, ChangeRecord, Presence, Refusal, RoomValue, SeatChange, SeatValue } from './room-value.js';
import { type DraftUse, runHandler, type StateStep } from './run-handler.js';
import type { SampledInput } from './seat-inputs.js';

/**
 * The rules of a room as pure functions. A value and an input give the next value and its change, or a refusal. A handler writes
 * only to a draft, so a handler that throws or rejects has changed nothing.
 */
export class RoomMachine<State = unknown> {
  /** One choice of drafts for steps and one for all other handlers, because other handlers usually change much less than a step. */
  private readonly drafts: { readonly step: DraftUse; readonly other: DraftUse };
  private readonly rounding: RoundingTree | null;
  /** The earlier states of the room whose input is being handled. */
  private history: PastStates<State> | undefined;

  constructor(
    readonly rules: RoomRules<State>,
    private readonly surroundings: RoomSurroundings,
  ) {
    const { draft = 'proxy', quantize } = rules.definition;
    const isPatched = hasStatePatches(rules.definition);
    this.drafts = { step: { choice: new DraftChoice(draft), isPatched }, other: { choice: new DraftChoice(draft), isPatched } };
    this.rounding = quantize === undefined ? null : RoundingTree.of(quantize);
  }

  /**
   * Makes version 0 of a room, with the events of its setup. `round`: the number of the game in this room. `tenure`: the id of this start,
   * for the keys of effects. `options`: the options of the room, as received. `loaded`: the result of the game's `@OnLoad` method. `mode`:
   * the mode of the match. Throws the error of the game.
   * @throws RoomOptionsError when the game refuses the options
   */
  start(
    room: RoomId,
    players: readonly RoomPlayer[],
    round = 0,
    tenure?: string,
    options?: unknown,
    loaded?: unknown,
    mode?: string,
  ): { value: RoomValue<State>; events: readonly ChangeEvent[] } {
    const { definition } = this.rules;
    const known = plainCopy(players, 'players');
    if (!this.rules.bot && known.some(({ bot }) => bot))
      throw new Error(`a match of ${definition.name} has bots, but no code plays bots: add a method with @Bot`);
    const seats = known.map(({ user, name, claims, team, bot }) => ({
      user,
      name,
      ...(claims && { claims }),
      ...(team !== undefined && { team }),
      ...(bot && { bot }),
      presence: 'here' as const,
      seq: 0,
      refused: [],
    }));
    const empty = {
      room,
      ...(round > 0 && { round }),
      ...(loaded !== undefined && { loaded: plainCopy(loaded, 'loaded') }),
      ...(mode !== undefined && { mode }),
      game: definition.name,
      gameVersion: definition.version,
      version: 0,
      seats,
      timers: {},
      state: undefined as State,
      outbox: [],
    };
    const run = new HandlerRun<State>(empty, this.surroundings, this.rules, SETUP, -1);
    run.isInSetup = true;
    run.options = validOptions(this.rules, options);
    const made = this.rules.setup(run as unknown as Setup);
    if (typeof made !== 'object' || made === null) throw new Error(`the setup of ${definition.name} made no object for a state`);
    const plain = plainCopy<State>(made);
    let state: State = this.rounding === null ? plain : roundParts(undefined, plain, this.rounding);
    const joined = run.ended ? undefined : this.rules.seatEvents.get('joined');
    if (joined) {
      for (const seat of seats.keys()) {
        run.seat = seat;
        run.handling = { kind: 'seat', seat, event: 'joined', ...known[seat]! };
        state = runHandler(state, run, joined, this.drafts.other, this.rounding).next;
      }
    }
    const timers = Object.fromEntries(Object.entries(run.timers ?? {}).filter(([, due]) => due !== null)) as Record<string, number>;
    const value = {
      ...empty,
      seats: run.botSeats ? seatsAfter(seats, run.botSeats) : seats,
      state,
      timers,
      outbox: pendingEffects(empty, 0, keyedEffects(empty, 0, run.effects, tenure)),
      ...(run.locked && { locked: true as const }),
      ...(run.metadata && { metadata: run.metadata }),
    };
    return { value: run.ended ? { ...value, ended: run.ended } : value, events: run.events };
  }

  /**
   * Handles one input.
   * @param refused the commands that were refused since the last change, by seat; the change of this input records them
   * @param tenure the owner's epoch, for the keys of effects
   * @param history the earlier states, for `room.past`
   */
  handle(
    value: RoomValue<State>,
    input: RoomInput,
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
    tenure?: string,
    history?: PastStates<State>,
  ): RoomOutcome<State> {
    this.history = history;
    const outcome = this.outcomeOf(value, input, refused);
    if (outcome.kind !== 'changed' || tenure === undefined || outcome.change.effects === undefined) return outcome;
    return withKeys(value, outcome, tenure);
  }

  private outcomeOf(
    value: RoomValue<State>,
    input: RoomInput,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
  ): RoomOutcome<State> {
    // After the end of the game, only the completion of effects is recorded.
    if (value.ended && input.kind !== 'effects-done') return { kind: 'refused', code: 'game-ended' };
    switch (input.kind) {
      case 'command':
        return this.command(value, input, refused);
      case 'timer': {
        if (!Object.hasOwn(value.timers, input.name)) return { kind: 'unchanged' };
        const leaver = seatOfLeaveTimer(input.name);
        if (leaver !== null) return this.seatEvent(value, { kind: 'seat', seat: leaver, event: 'left' }, refused);
        if (isResultTimer(input.name)) return this.resultOverdue(value, input.name, refused);
        const run = this.rules.timers.get(input.name);
        return this.run(value, input, -1, run ?? (() => {}), refused, { timers: { [input.name]: null } });
      }
      case 'step': {
        const { step, definition, input: rule } = this.rules;
        if (!step) return { kind: 'unchanged' };
        let sampled: readonly (SampledInput | undefined)[] | undefined;
        try {
          if (rule) sampled = input.inputs?.sample(rule.validate);
        } catch (error) {
          return { kind: 'failed', error };
        }
        return this.run(value, input, -1, (room) => step(room, 1_000 / definition.stepHz), refused, { sampled });
      }
      case 'paused':
        return this.paused(value, input, refused);
      case 'seat':
        return input.event === 'joined' ? this.joined(value, input, refused) : this.seatEvent(value, input, refused);
      case 'bot':
        return this.bot(value, input, refused);
      case 'result':
        return this.result(value, input, refused);
      case 'effects-done':
        return this.record(value, { effectsDone: input.keys }, refused);
      case 'end':
        return this.record(value, { ended: input.result }, refused);
    }
  }

  /**
   * Returns what `seat` (null: a spectator) may see of `state`. The state is frozen first, so the game's view method throws if it writes to
   * the state.
   * @throws UnstorableError, or the error of the game
   */
  view(state: State, seat: Seat | null): unknown {
    return this.rules.view ? plainCopy(this.rules.view(freezeDeep(state), seat), 'view') : state;
  }

  /**
   * Returns what `seat` sees of a value, for a comparison with its earlier view. The result is not checked, and can share parts with the
   * state. Freezing a state costs as much as a comparison, so only one version in `FROZEN_EVERY` is frozen. A view method that writes to
   * the state can therefore fail a few changes late.
   * @throws the error of the game
   */
  viewOf({ state, version }: RoomValue<State>, seat: Seat | null): unknown {
    const { view } = this.rules;
    if (!view) return state;
    if (version % FROZEN_EVERY === 0) freezeDeep(state);
    return view(state, seat);
  }

  private command(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'command' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    if (!this.rules.commands.has(input.name)) return { kind: 'refused', code: 'unknown-command' };
    return this.run(value, input, input.seat, this.commandRun(input.name, input.data), refused, { seat: { seq: input.seq } });
  }

  /** Returns the handler that validates the data of a known command and runs it. */
  private commandRun(name: string, data: unknown): (room: GameRoom<State>) => void {
    const rule = this.rules.commands.get(name) as CommandRule<State>;
    return (room) => {
      const validation = rule.validate(data);
      if (!validation.ok) return room.reject('bad-data', validation.message);
      return rule.run(room, validation.value);
    };
  }

  private paused(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'paused' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { ms } = input;
    const due = Object.entries(value.timers);
    const { paused } = this.rules;
    // A downtime changes nothing when no timer runs and the game has no handler for a downtime.
    if (due.length === 0 && !paused) return { kind: 'unchanged' };
    const timers = Object.fromEntries(due.map(([name, at]) => [name, at + ms]));
    // Records this input even when the game changes nothing, so that the next owner does not compensate the same downtime again.
    return this.run(value, input, -1, paused ? (room) => paused(room, ms) : () => {}, refused, { timers });
  }

  private seatEvent(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'seat'; event: Exclude<SeatEvent, 'joined'> },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { seat, event } = input;
    const presence = PRESENCE_AFTER[event];
    const before = value.seats[seat]?.presence;
    // A seat that is `left` does not change, because its player is possibly in another room now.
    if (before === undefined || before === presence || before === 'left') return { kind: 'unchanged' };
    // The grace period is a timer of the room, so it continues when the room gets a new owner.
    const timers = { [leaveTimerOf(seat)]: event === 'away' ? this.surroundings.now() + this.rules.definition.seatGraceMs : null };
    const everyoneLeft = event === 'left' && value.seats.every((other, index) => index === seat || other.presence === 'left' || other.bot);
    const handler = this.rules.seatEvents.get(event) ?? (() => {});
    return this.run(value, input, seat, handler, refused, {
      seat: { presence },
      timers,
      ended: everyoneLeft ? { reason: 'abandoned' } : undefined,
    });
  }

  private joined(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'seat'; event: 'joined' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { seat, user, name, claims, team } = input;
    const occupant = { user, name, ...(claims && { claims }), ...(team !== undefined && { team }) };
    const before = value.seats[seat];
    const isIn = before !== undefined && before.presence !== 'left';
    if (seat > value.seats.length || (isIn && !before.bot && before.user === user)) return { kind: 'unchanged' };
    const { seatEvents } = this.rules;
    const handler = (room: GameRoom<State>): void => {
      const run = room as HandlerRun<State>;
      run.taken = seat;
      if (isIn) seatEvents.get('left')?.(room);
      run.occupy(seat, occupant);
      seatEvents.get('joined')?.(room);
    };
    const own = { seat: { joined: occupant }, timers: { [leaveTimerOf(seat)]: null } };
    return this.run(isIn ? withPresence(value, seat, 'left') : value, input, seat, handler, refused, own, value);
  }

  private bot(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'bot' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { bot, view } = this.rules;
    const { seat } = input;
    const at = value.seats[seat];
    if (!bot || !at?.bot || at.presence === 'left') return { kind: 'unchanged' };
    let move: BotMove | null | undefined;
    try {
      if (value.version % FROZEN_EVERY === 0) freezeDeep(value.state);
      const room = new HandlerRun<State>(value, this.surroundings, this.rules, input, seat);
      const { id, seats, now } = room;
      move = bot.move(view ? view(value.state, seat) : value.state, { id, seats, now, seat, random: () => room.random() });
      if (move == null) return { kind: 'unchanged' };
      if ('input' in move) return this.botInput(value, input, move.input);
      if (!this.rules.commands.has(move.command)) {
        const given = quoted(move.command);
        throw new GameMistake(this.rules.definition.name, value.room, input, `the bot sends the unknown command ${given}.`);
      }
    } catch (error) {
      return { kind: 'failed', error };
    }
    return this.run(value, input, seat, this.commandRun(move.command, plainCopy(move.data ?? null) ?? undefined), refused);
  }

  /** Passes the player input of a bot to the next step, without making a change. */
  private botInput({ room }: RoomValue<State>, bot: RoomInput & { kind: 'bot' }, data: unknown): RoomOutcome<State> {
    const { input, definition } = this.rules;
    if (!input)
      throw new GameMistake(
        definition.name,
        room,
        bot,
        'the bot gives an input, but the game has no inputs: add @Input(Schema) to its class.',
      );
    const copy = plainCopy(data, 'input');
    const validation = input.validate(copy);
    if (!validation.ok) return { kind: 'refused', code: 'bad-data', message: validation.message };
    bot.inputs?.hold(bot.seat, copy);
    return { kind: 'unchanged' };
  }

  /**
   * Gives the result of an effect to the game. The change that handles the result removes the effect from the outbox, so a second result of
   * the same effect changes nothing.
   */
  private result(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'result' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { key, reply } = input;
    const effect = value.outbox.find((pending) => pending.key === key);
    if (effect?.timer === undefined) return { kind: 'unchanged' };
    const rule = this.rules.results?.get(effect.name);
    let result: EffectResult;
    try {
      // Passes copies to the game, so that the game cannot change the room's value.
      const copied = reply.ok ? { ...reply, data: copyOf(reply.data, `result of ${effect.name}`) } : reply;
      result = { ...copied, key, request: copyOf(effect.data, 'request') };
    } catch (error) {
      return { kind: 'failed', error };
    }
    const own = { timers: { [effect.timer]: null }, effectsDone: [key] };
    return this.run(value, input, -1, (room) => rule?.run(room, result), refused, own);
  }

  /** Gives the game the failure of an effect whose result did not come in time. */
  private resultOverdue(
    value: RoomValue<State>,
    timer: string,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
  ): RoomOutcome<State> {
    const effect = value.outbox.find((pending) => pending.timer === timer);
    if (!effect) return this.record(value, { timers: { [timer]: null } }, refused);
    return this.result(value, { kind: 'result', key: effect.key, name: effect.name, reply: TIMED_OUT_REPLY }, refused);
  }

  /** Makes a change without running code of the game. */
  private record(
    value: RoomValue<State>,
    what: Partial<ChangeRecord>,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
  ): RoomOutcome<State> {
    const seats = seatChanges(-1, undefined, refused);
    const unchanged = this.drafts.other.isPatched ? { delta: NO_DELTA } : { patches: [] };
    const change: Change = { version: value.version + 1, at: this.surroundings.now(), ...unchanged, ...what, ...(seats && { seats }) };
    return { kind: 'changed', value: withChange(value, change, value.state), change };
  }

  private run(
    value: RoomValue<State>,
    input: RoomInput,
    seat: Seat,
    handler: (room: GameRoom<State>) => void,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
    own: RunOptions = {},
    before: RoomValue<State> = value,
  ): RoomOutcome<State> {
    const seen = own.seat?.presence === undefined ? value : withPresence(value, seat, own.seat.presence);
    const run = new HandlerRun<State>(seen, this.surroundings, this.rules, input, seat, own.timers);
    if (own.sampled) run.sampled = own.sampled;
    run.history = this.history;
    let step: StateStep<State>;
    try {
      step = runHandler(value.state, run, handler, input.kind === 'step' ? this.drafts.step : this.drafts.other, this.rounding);
    } catch (error) {
      if (!(error instanceof Rejection)) return { kind: 'failed', error };
      if (own.seat?.seq !== undefined || input.kind === 'bot') return { kind: 'refused', code: error.code, message: error.text };
      // The handler has rejected the input, but no player waits for an answer. Runs the input again without the handler, because the input
      // must still take effect, for example on the presence of a seat.
      return this.run(value, input, seat, () => {}, refused, own, before);
    }
    const seats = withInputs(seatChanges(seat, own.seat, refused, run.botSeats), value.seats, own.sampled);
    const { next, patches, delta } = step;
    if ((patches ?? delta).length === 0 && !run.didSomething && seats === undefined) return { kind: 'unchanged' };
    const version = value.version + 1;
    // Literals instead of a spread. In Node 20, each object of a spread with further fields would get a hidden class of its own, and all
    // later reads of the change would be slow.
    const change: Mutable<Change> = delta === undefined ? { version, at: run.now, patches } : { version, at: run.now, delta };
    if (run.events.length > 0) change.events = run.events;
    if (run.effects.length > 0) change.effects = run.effects;
    if (seats) change.seats = seats;
    if (run.timers) change.timers = run.timers;
    if (own.effectsDone) change.effectsDone = own.effectsDone;
    if (run.locked !== undefined) change.locked = run.locked;
    if (run.metadata !== undefined) change.metadata = run.metadata;
    const ended = run.ended ?? own.ended;
    if (ended) {
      change.ended = ended;
      const rating = this.rules.definition.match?.rating;
      const rated = rating ? ratedGameOf({ ...before, ended }, rating === 'per-mode') : null;
      if (rated) change.effects = [...run.effects, { name: RATING_EFFECT, data: rated }];
    }
    return { kind: 'changed', value: withChange(before, change, next), change };
  }
}

/** Returns the outcome, with a key for each effect that its change requests. */
function withKeys<State>(
  before: RoomValue<State>,
  { value, change: { effects = [], ...rest } }: Extract<RoomOutcome<State>, { kind: 'changed' }>,
  tenure: string,
): RoomOutcome<State> {
  const change = { ...rest, effects: keyedEffects(before, rest.version, effects, tenure) };
  return { kind: 'changed', value: withChange(before, change, value.state), change };
}

function copyOf(data: unknown, what: string): unknown {
  return data === undefined ? undefined : plainCopy(data, what);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NO_DELTA = new Uint8Array(0);

/** The parts of a change that the room itself makes, in addition to those of the handler. */
interface RunOptions {
  readonly seat?: SeatChange;
  readonly timers?: Record<string, number | null>;
  readonly ended?: GameResult;
  readonly effectsDone?: readonly string[];
  readonly sampled?: readonly (SampledInput | undefined)[];
}

const SETUP = { kind: 'setup' } as const;

const PRESENCE_AFTER = { back: 'here', away: 'away', left: 'left' } as const satisfies Record<Exclude<SeatEvent, 'joined'>, Presence>;

/** The room freezes the state of only one in this many versions before it computes the views. Freezing every state would be slow. */
const FROZEN_EVERY = 16;

function seatChanges(
  seat: Seat,
  own: SeatChange | undefined,
  refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
  bots?: Readonly<Record<Seat, SeatChange>>,
): Record<Seat, SeatChange> | undefined {
  if (own === undefined && bots === undefined && (refused === undefined || refused.size === 0)) return undefined;
  const changes: Record<Seat, SeatChange> = {};
  if (refused) for (const [refusedSeat, refusals] of refused) changes[refusedSeat] = { refused: refusals };
  // Stores the seat's own change without a copy in most cases, because most commands change only their own seat and a copy would be slow.
  if (own) changes[seat] = changes[seat] === undefined ? own : { ...changes[seat], ...own };
  if (bots) for (const [botSeat, change] of Object.entries(bots)) changes[Number(botSeat)] = { ...changes[Number(botSeat)], ...change };
  return changes;
}

/** Adds the numbers of the sampled player inputs to the changes of their seats, except numbers that the seats already contain. */
function withInputs(
  changes: Record<Seat, SeatChange> | undefined,
  seats: readonly SeatValue[],
  sampled: readonly (SampledInput | undefined)[] = [],
): Record<Seat, SeatChange> | undefined {
  let all = changes;
  for (let seat = 0; seat < sampled.length; seat++) {
    const number = sampled[seat]?.number ?? 0;
    const before = seats[seat];
    if (before === undefined || number <= (before.input ?? 0)) continue;
    all ??= {};
    all[seat] = { ...all[seat], input: number };
  }
  return all;
}

function withPresence<State>(value: RoomValue<State>, seat: Seat, presence: Presence): RoomValue<State> {
  return { ...value, seats: value.seats.map((before, index) => (index === seat ? { ...before, presence } : before)) };
}
