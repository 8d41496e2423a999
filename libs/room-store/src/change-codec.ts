import { type Claims, type GameResult, type Patch, pack, type RoomMetadata, type UserId, unpack, unpackEach } from '#libs/protocol';
import { type Change, type ChangeEffect, type ChangeEvent, type Refusal, type SeatChange, withoutVolatile } from '#libs/room';
import { assertStored, isArrayOf, isCount, isMap, isNamed, isRefusal, isResult, isText, readStored } from './stored-bytes.js';

/**
 * Packs a change for the log. The stored form is an array by position and not a map with names. Most changes of a busy room are small, so
 * names would take most of the space. Absent parts are nil, or are omitted at the end of an array.
 *
 *     change  [version, at, patches or delta, seats, events, timers, effects, effectsDone, ended, reserved, locked, metadata]
 *     delta   the bytes of a state patch; only in logs of format 2
 *     patch   [path] removes, [path, value] replaces, [path, value, 1] adds
 *     seat    [seat, seq, refused, presence, input, joined]
 *     joined  [user, name, 1 for a bot, claims, team]
 *     metadata  an object, or false when it is removed
 *
 * Add a new field only at the end of an array. Logs outlive the process that wrote them, and older entries would be read by wrong
 * positions.
 */
export function packChange(change: Change): Uint8Array {
  return pack(toEntry(withoutVolatile(change)));
}

/** Reads a change that `packChange` wrote. Throws `UnreadableError`. */
export function unpackChange(bytes: Uint8Array): Change {
  return readStored(WHAT, () => fromEntry(entryOf(unpack(bytes))));
}

/** Changes in order, and the packed form of each. */
export interface PackedChanges {
  readonly changes: readonly Change[];
  readonly entries: readonly Uint8Array[];
}

/** Reads successive changes. The entries are views of `bytes`. Throws `UnreadableError`. */
export function unpackChanges(bytes: Uint8Array): PackedChanges {
  const changes: Change[] = [];
  const entries: Uint8Array[] = [];
  const read = (entry: unknown, start: number, end: number): void => {
    changes.push(fromEntry(entryOf(entry)));
    entries.push(bytes.subarray(start, end));
  };
  readStored(WHAT, () => unpackEach(bytes, read));
  return { changes, entries };
}

const WHAT = 'A change in the log';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type PatchEntry = readonly [path: string, value?: unknown, isAdd?: 1];
type SeatEntry = readonly [
  seat: number,
  seq?: number | null,
  refused?: readonly Refusal[] | null,
  presence?: SeatChange['presence'] | null,
  input?: number | null,
  joined?: JoinedEntry | null,
];
type JoinedEntry = readonly [user: string, name: string, bot?: 1 | null, claims?: Claims | null, team?: number];
type ChangeEntry = readonly [
  version: number,
  at: number,
  state: readonly PatchEntry[] | Uint8Array,
  seats?: readonly SeatEntry[] | null,
  events?: readonly ChangeEvent[] | null,
  timers?: Change['timers'] | null,
  effects?: readonly ChangeEffect[] | null,
  effectsDone?: readonly string[] | null,
  ended?: GameResult | null,
  _reserved?: unknown,
  locked?: boolean | null,
  metadata?: RoomMetadata | false | null,
];

function toEntry({ version, at, patches, delta, seats, events, timers, effects, effectsDone, ended, locked, metadata }: Change): unknown[] {
  return trimmed([
    version,
    at,
    delta ?? patches.map(toPatchEntry),
    seats && Object.entries(seats).map(([seat, change]) => toSeatEntry(Number(seat), change)),
    events,
    timers,
    effects,
    effectsDone,
    ended,
    undefined,
    locked,
    metadata === null ? false : metadata,
  ]);
}

function toSeatEntry(seat: number, { seq, refused, presence, input, joined }: SeatChange): unknown[] {
  return trimmed([
    seat,
    seq,
    refused,
    presence,
    input,
    joined && trimmed([joined.user, joined.name, joined.bot && 1, joined.claims, joined.team]),
  ]);
}

/**
 * Checks the types in an entry of the log. Values in patches and events can be any plain data. Reads by index, because array patterns would
 * be slower (see `fromEntry`).
 */
function entryOf(entry: unknown): ChangeEntry {
  assertStored(Array.isArray(entry) && isCount(entry[0]) && Number.isFinite(entry[1]), WHAT, 'its version or time');
  const state: unknown = entry[2];
  if (!(state instanceof Uint8Array)) {
    assertStored(Array.isArray(state), WHAT, 'the list of its patches');
    for (let index = 0; index < state.length; index++) {
      const patch: unknown = state[index];
      assertStored(Array.isArray(patch) && isText(patch[0]), WHAT, 'a patch');
    }
  }
  if (entry.length === 3) return entry as unknown as ChangeEntry;
  assertStored(entry[3] == null || isArrayOf(entry[3], isSeatEntry), WHAT, 'a seat');
  assertStored(entry[4] == null || isArrayOf(entry[4], isNamed), WHAT, 'an event');
  assertStored(entry[5] == null || (isMap(entry[5]) && Object.values(entry[5]).every(isDue)), WHAT, 'a timer');
  assertStored(entry[6] == null || isArrayOf(entry[6], isNamed), WHAT, 'an effect');
  assertStored(entry[7] == null || isArrayOf(entry[7], isText), WHAT, 'the list of effects that are done');
  assertStored(entry[8] == null || isResult(entry[8]), WHAT, 'its result');
  assertStored(entry[10] == null || typeof entry[10] === 'boolean', WHAT, 'its lock');
  assertStored(entry[11] == null || entry[11] === false || isMap(entry[11]), WHAT, 'its metadata');
  return entry as unknown as ChangeEntry;
}

function isSeatEntry(entry: unknown): boolean {
  if (!Array.isArray(entry) || !isCount(entry[0]) || !(entry[1] == null || isCount(entry[1]))) return false;
  if (!(entry[4] == null || isCount(entry[4]))) return false;
  if (!(entry[5] == null || isJoinedEntry(entry[5]))) return false;
  return (entry[2] == null || isArrayOf(entry[2], isRefusal)) && (entry[3] == null || isText(entry[3]));
}

function isJoinedEntry(entry: unknown): boolean {
  return (
    Array.isArray(entry) &&
    isText(entry[0]) &&
    isText(entry[1]) &&
    (entry[3] == null || isMap(entry[3])) &&
    (entry[4] == null || isCount(entry[4]))
  );
}

function isDue(due: unknown): boolean {
  return due === null || Number.isFinite(due);
}

/**
 * Converts an entry to a change. Reads by index, because array patterns use iterators, and a recovery can read hundreds of thousands of
 * entries.
 */
function fromEntry(entry: ChangeEntry): Change {
  const state = entry[2];
  const change: Mutable<Change> =
    state instanceof Uint8Array
      ? { version: entry[0], at: entry[1], delta: state }
      : { version: entry[0], at: entry[1], patches: toPatches(state) };
  if (entry.length === 3) return change;
  if (entry[3]) change.seats = toSeatChanges(entry[3]);
  if (entry[4]) change.events = entry[4];
  if (entry[5]) change.timers = entry[5];
  if (entry[6]) change.effects = entry[6];
  if (entry[7]) change.effectsDone = entry[7];
  if (entry[8]) change.ended = entry[8];
  if (entry[10] != null) change.locked = entry[10];
  if (entry[11] != null) change.metadata = entry[11] || null;
  return change;
}

function toPatchEntry(patch: Patch): PatchEntry {
  if (patch.op === 'remove') return [patch.path];
  return patch.op === 'add' ? [patch.path, patch.value, 1] : [patch.path, patch.value];
}

function toPatches(entries: readonly PatchEntry[]): Patch[] {
  const patches = new Array<Patch>(entries.length);
  for (let index = 0; index < entries.length; index++) patches[index] = toPatch(entries[index]!);
  return patches;
}

function toPatch(entry: PatchEntry): Patch {
  if (entry.length === 1) return { op: 'remove', path: entry[0] };
  return { op: entry.length === 3 ? 'add' : 'replace', path: entry[0], value: entry[1] };
}

function toSeatChanges(entries: readonly SeatEntry[]): Record<number, SeatChange> {
  const changes: Record<number, SeatChange> = {};
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!;
    const change: Mutable<SeatChange> = {};
    if (entry[1] != null) change.seq = entry[1];
    if (entry[2]) change.refused = entry[2];
    if (entry[3]) change.presence = entry[3];
    if (entry[4] != null) change.input = entry[4];
    if (entry[5]) {
      const [user, name, bot, claims, team] = entry[5];
      change.joined = { user: user as UserId, name, ...(bot && { bot: true }), ...(claims && { claims }), ...(team != null && { team }) };
    }
    changes[entry[0]] = change;
  }
  return changes;
}

function trimmed(parts: unknown[]): unknown[] {
  while (parts[parts.length - 1] === undefined) parts.pop();
  return parts;
}
