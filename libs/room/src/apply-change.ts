import { applyPatches } from '#libs/protocol';
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
 * The value after `changes`. Recovery is this, from a checkpoint over the log: game code is not run again.
 * Throws when a change is not the next one, since a room with a hole in its history must not go on.
 */
export function applyChanges<State>(value: RoomValue<State>, changes: readonly Change[]): RoomValue<State> {
  // All patches in one go: what many changes touch is copied once.
  const patches = changes.length === 1 ? changes[0].patches : changes.flatMap((change) => change.patches);
  return withChanges(value, changes, applyPatches(value.state, patches));
}

export function applyChange<State>(value: RoomValue<State>, change: Change): RoomValue<State> {
  return applyChanges(value, [change]);
}

/** As `applyChange`, for the one who has the next state already. */
export function withChange<State>(value: RoomValue<State>, change: Change, state: State): RoomValue<State> {
  return withChanges(value, [change], state);
}

function withChanges<State>(value: RoomValue<State>, changes: readonly Change[], state: State): RoomValue<State> {
  let { version, seats, timers, outbox, ended } = value;
  for (const change of changes) {
    if (change.version !== version + 1)
      throw new Error(`room ${value.room} is at version ${version}; change ${change.version} does not follow`);
    version = change.version;
    if (change.seats) seats = nextSeats(seats, change.seats);
    if (change.timers) timers = nextTimers(timers, change.timers);
    if (change.effects || change.effectsDone) outbox = nextOutbox(value, outbox, change);
    ended = change.ended ?? ended;
  }
  const { room, round, game, gameVersion } = value;
  return { room, ...(round && { round }), game, gameVersion, version, seats, timers, state, outbox, ...(ended && { ended }) };
}

function nextSeats(seats: readonly SeatValue[], changes: NonNullable<Change['seats']>): readonly SeatValue[] {
  const next = seats.slice();
  for (const key of Object.keys(changes)) {
    const seat = Number(key);
    const { seq, refused, presence } = changes[seat];
    const before = next[seat];
    next[seat] = {
      user: before.user,
      name: before.name,
      presence: presence ?? before.presence,
      seq: seq ?? before.seq,
      refused: refused ? rememberRefusals(before.refused, refused) : before.refused,
    };
  }
  return next;
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
  return effects.map((effect, index) => ({ ...effect, key: `${game}:${version}:${index}` }));
}

function nextTimers(timers: RoomValue['timers'], changes: NonNullable<Change['timers']>): RoomValue['timers'] {
  const next: Record<string, number> = { ...timers };
  for (const [name, due] of Object.entries(changes)) {
    if (due === null) delete next[name];
    else next[name] = due;
  }
  return next;
}
