import { type GameResult, type Patch, pack, unpackAll } from '#libs/protocol';
import type { Change, ChangeEffect, ChangeEvent, Refusal, SeatChange } from '#libs/room';

/**
 * How changes stand in the log: each an array by position instead of a map with names, since a busy room is little but
 * small changes, and their names would be most of it. Absent parts are nil, and left out at the end.
 *
 *     change  [version, at, patches, seats, events, timers, effects, effectsDone, ended]
 *     patch   [path] removes, [path, value] replaces, [path, value, 1] adds
 *     seat    [seat, seq, refused, presence]
 *
 * A field is only ever added at an end: logs outlive the process that wrote them.
 */
export function packChange(change: Change): Uint8Array {
  return pack(toEntry(change));
}

/** Of changes one after the other, each as `packChange` made it. */
export function unpackChanges(bytes: Uint8Array): Change[] {
  return unpackAll(bytes).map((entry) => fromEntry(entry as ChangeEntry));
}

type PatchEntry = readonly [path: string, value?: unknown, isAdd?: 1];
type SeatEntry = readonly [seat: number, seq?: number | null, refused?: readonly Refusal[] | null, presence?: SeatChange['presence']];
type ChangeEntry = readonly [
  version: number,
  at: number,
  patches: readonly PatchEntry[],
  seats?: readonly SeatEntry[] | null,
  events?: readonly ChangeEvent[] | null,
  timers?: Change['timers'] | null,
  effects?: readonly ChangeEffect[] | null,
  effectsDone?: readonly string[] | null,
  ended?: GameResult | null,
];

function toEntry({ version, at, patches, seats, events, timers, effects, effectsDone, ended }: Change): unknown[] {
  return trimmed([
    version,
    at,
    patches.map(toPatchEntry),
    seats && Object.entries(seats).map(([seat, { seq, refused, presence }]) => trimmed([Number(seat), seq, refused, presence])),
    events,
    timers,
    effects,
    effectsDone,
    ended,
  ]);
}

function fromEntry([version, at, patches, seats, events, timers, effects, effectsDone, ended]: ChangeEntry): Change {
  const change: { -readonly [Key in keyof Change]: Change[Key] } = { version, at, patches: patches.map(toPatch) };
  if (seats) change.seats = Object.fromEntries(seats.map(([seat, ...parts]) => [seat, toSeatChange(parts)]));
  if (events) change.events = events;
  if (timers) change.timers = timers;
  if (effects) change.effects = effects;
  if (effectsDone) change.effectsDone = effectsDone;
  if (ended) change.ended = ended;
  return change;
}

function toPatchEntry(patch: Patch): PatchEntry {
  if (patch.op === 'remove') return [patch.path];
  return patch.op === 'add' ? [patch.path, patch.value, 1] : [patch.path, patch.value];
}

function toPatch(entry: PatchEntry): Patch {
  if (entry.length === 1) return { op: 'remove', path: entry[0] };
  return { op: entry.length === 3 ? 'add' : 'replace', path: entry[0], value: entry[1] };
}

function toSeatChange([seq, refused, presence]: readonly [SeatEntry[1]?, SeatEntry[2]?, SeatEntry[3]?]): SeatChange {
  const change: { -readonly [Key in keyof SeatChange]: SeatChange[Key] } = {};
  if (seq != null) change.seq = seq;
  if (refused) change.refused = refused;
  if (presence) change.presence = presence;
  return change;
}

function trimmed(parts: unknown[]): unknown[] {
  while (parts[parts.length - 1] === undefined) parts.pop();
  return parts;
}
