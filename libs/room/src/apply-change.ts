import { applyPatches, type Patch } from '#libs/protocol';
import { applyPatch } from '#libs/state-patch';
import { diff } from './diff.js';
import {
  type Change,
  type ChangeEffect,
  type PendingEffect,
  type Refusal,
  type RoomValue,
  type SeatValue,
  UNANSWERED_MAX,
} from './room-value.js';

/**
 * Applies `changes` to a room value, without running code of the game. A recovery applies the log to the last checkpoint in this way.
 * Throws when a change is not the next one or does not fit the state, because a room must not continue with a wrong state.
 */
export function applyChanges<State>(value: RoomValue<State>, changes: readonly Change[]): RoomValue<State> {
  return withChanges(value, changes, stateAfter(value.state, changes));
}

export function applyChange<State>(value: RoomValue<State>, change: Change): RoomValue<State> {
  return applyChanges(value, [change]);
}

/** Applies a change like `applyChange`, for a caller that already has the next state. */
export function withChange<State>(value: RoomValue<State>, change: Change, state: State): RoomValue<State> {
  return withChanges(value, [change], state);
}

/**
 * Returns the RFC 6902 patches of `changes`, which lead from the state `before` to the state `after`. Takes the patches from the changes,
 * or computes them from the two states if a change has a state patch.
 */
export function patchesOf(changes: readonly Change[], before: unknown, after: unknown): readonly Patch[] {
  const patches: Patch[] = [];
  for (const change of changes) {
    if (change.patches === undefined) return diff(before, after);
    if (changes.length === 1) return change.patches;
    for (const patch of change.patches) patches.push(patch);
  }
  return patches;
}

/** Returns the size of the state's change: the number of its patches, or the number of bytes of its state patch. */
export function stateChangeOf(change: Change): { readonly patches: number } | { readonly bytes: number } {
  return change.patches === undefined ? { bytes: change.delta.length } : { patches: change.patches.length };
}

function stateAfter<State>(before: State, changes: readonly Change[]): State {
  let state = before;
  // Applies the patches of successive changes in one call, so that an object that several changes modify is copied only once.
  let patches: Patch[] = [];
  for (const change of changes) {
    if (change.patches !== undefined) for (const patch of change.patches) patches.push(patch);
    else {
      if (patches.length > 0) state = applyPatches(state, patches);
      patches = [];
      state = applyPatch(state, change.delta);
    }
  }
  return patches.length > 0 ? applyPatches(state, patches) : state;
}

function withChanges<State>(value: RoomValue<State>, changes: readonly Change[], state: State): RoomValue<State> {
  let { version, timers, outbox, ended, locked = false, metadata = null } = value;
  const seats = new SeatsAfter(value.seats);
  for (const change of changes) {
    if (change.version !== version + 1)
      throw new Error(`room ${value.room} is at version ${version}; change ${change.version} does not follow`);
    version = change.version;
    if (change.seats) seats.apply(change.seats);
    if (change.timers) timers = nextTimers(timers, change.timers);
    if (change.effects || change.effectsDone) outbox = nextOutbox(value, outbox, change);
    ended = change.ended ?? ended;
    locked = change.locked ?? locked;
    if (change.metadata !== undefined) metadata = change.metadata;
  }
  const { room, round, game, gameVersion } = value;
  const next: Mutable<RoomValue<State>> = { room, game, gameVersion, version, seats: seats.seats, timers, state, outbox };
  if (round) next.round = round;
  if (value.loaded !== undefined) next.loaded = value.loaded;
  if (value.mode !== undefined) next.mode = value.mode;
  if (locked) next.locked = true;
  if (metadata) next.metadata = metadata;
  if (ended) next.ended = ended;
  return next;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Returns the seats after one change. */
export function seatsAfter(before: readonly SeatValue[], changes: NonNullable<Change['seats']>): readonly SeatValue[] {
  const seats = new SeatsAfter(before);
  seats.apply(changes);
  return seats.seats;
}

/** The seats after a series of changes. Each seat is copied at most once. */
class SeatsAfter {
  private copies: Mutable<SeatValue>[] | null = null;

  constructor(private readonly before: readonly SeatValue[]) {}

  get seats(): readonly SeatValue[] {
    return this.copies ?? this.before;
  }

  apply(changes: NonNullable<Change['seats']>): void {
    this.copies ??= this.before.slice();
    // Loops over numbers, because this code runs for every command, and listing an object's numeric keys is slow.
    for (let seat = 0; seat <= this.copies.length; seat++) {
      if (changes[seat] === undefined) continue;
      const { seq, refused, presence, input, joined } = changes[seat]!;
      // The numbers of commands and inputs of the seat continue for the new player, so that a delayed message of the former player is never
      // taken for a new one.
      if (joined) {
        const former = this.copies[seat];
        const next: Mutable<SeatValue> = { ...joined, presence: 'here', seq: former?.seq ?? 0, refused: [] };
        if (former?.input !== undefined) next.input = former.input;
        this.copies[seat] = next;
      } else if (seat === this.copies.length) break;
      let copy = this.copies[seat]!;
      if (copy === this.before[seat]) {
        const { user, name, presence, seq, refused, input, bot, claims, team } = copy;
        copy = { user, name, presence, seq, refused };
        if (input !== undefined) copy.input = input;
        if (bot) copy.bot = bot;
        if (claims) copy.claims = claims;
        if (team !== undefined) copy.team = team;
        this.copies[seat] = copy;
      }
      if (presence !== undefined) copy.presence = presence;
      if (seq !== undefined) copy.seq = seq;
      if (input !== undefined) copy.input = input;
      if (refused) copy.refused = rememberRefusals(copy.refused, refused);
    }
  }
}

function rememberRefusals(known: readonly Refusal[], more: readonly Refusal[]): readonly Refusal[] {
  return [...known, ...more].slice(-UNANSWERED_MAX);
}

function nextOutbox(value: RoomValue, outbox: readonly PendingEffect[], change: Change): readonly PendingEffect[] {
  const waiting = change.effectsDone ? outbox.filter(({ key }) => !change.effectsDone?.includes(key)) : outbox;
  return change.effects ? [...waiting, ...pendingEffects(value, change.version, change.effects)] : waiting;
}

export function pendingEffects(
  { room, round = 0 }: Pick<RoomValue, 'room' | 'round'>,
  version: number,
  effects: readonly ChangeEffect[],
): PendingEffect[] {
  const game = round === 0 ? room : `${room}.${round}`;
  return effects.map((effect, index) => ({ ...effect, key: effect.key ?? `${game}:${version}:${index}` }));
}

/**
 * Returns the effects with unique keys.
 * @param tenure the epoch of the owner; for effects of a setup, the id of the start. Undefined: the effects get no keys
 */
export function keyedEffects(
  { room, round = 0 }: Pick<RoomValue, 'room' | 'round'>,
  version: number,
  effects: readonly ChangeEffect[],
  tenure: string | undefined,
): readonly ChangeEffect[] {
  if (tenure === undefined) return effects;
  const game = round === 0 ? room : `${room}.${round}`;
  return effects.map((effect, index) => ({ ...effect, key: `${game}:${tenure}:${version}:${index}` }));
}

function nextTimers(timers: RoomValue['timers'], changes: NonNullable<Change['timers']>): RoomValue['timers'] {
  const next: Record<string, number> = { ...timers };
  for (const [name, due] of Object.entries(changes)) {
    if (due === null) delete next[name];
    else next[name] = due;
  }
  return next;
}
