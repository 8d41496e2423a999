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
 * The value after `change`. Recovery is this, from a checkpoint over the log: game code is not run again.
 * Throws when the change is not the next one, since a room with a hole in its history must not go on.
 */
export function applyChange<State>(value: RoomValue<State>, change: Change): RoomValue<State> {
  if (change.version !== value.version + 1) {
    throw new Error(`room ${value.room} is at version ${value.version}; change ${change.version} does not follow`);
  }
  return withChange(value, change, applyPatches(value.state, change.patches));
}

/** As `applyChange`, for the one who has the next state already. */
export function withChange<State>(value: RoomValue<State>, change: Change, state: State): RoomValue<State> {
  const next: RoomValue<State> = {
    room: value.room,
    ...(value.round && { round: value.round }),
    game: value.game,
    gameVersion: value.gameVersion,
    version: change.version,
    seats: change.seats ? nextSeats(value.seats, change.seats) : value.seats,
    timers: change.timers ? nextTimers(value.timers, change.timers) : value.timers,
    state,
    outbox: change.effects || change.effectsDone ? nextOutbox(value, change) : value.outbox,
  };
  const ended = change.ended ?? value.ended;
  return ended ? { ...next, ended } : next;
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

function nextOutbox(value: RoomValue, change: Change): readonly PendingEffect[] {
  const waiting = change.effectsDone ? value.outbox.filter(({ key }) => !change.effectsDone?.includes(key)) : value.outbox;
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
