import { encodeCompactBody, type GameEvent, type Patch, pack, type Seat } from '#libs/protocol';
import { type Change, type ChangeEvent, diff } from '#libs/room';
import { encodePatch, encodeValue, hashValue } from '#libs/state-patch';

/** The parts of a sync in addition to the state. */
export interface SyncExtras {
  readonly events?: GameEvent[];
  /** True: the client misses events, because they are not kept any more or would make the sync too large. */
  readonly missed?: true;
}

/** The change from one view to the next, for a group of clients with equal views. */
export interface SeenChange extends SyncExtras {
  readonly room: string;
  /** The version after the change. */
  readonly version: number;
  readonly from: number;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Returns the body of a sync with RFC 6902 patches. Null: nothing has changed, and `isOwed` is false.
 * @param known the patches from `before` to `after`, if the caller has them
 * @throws UnstorableError when `after` is not plain data
 */
export function classicPatch(
  { room, from, before, after, events, missed }: SeenChange,
  isOwed: boolean,
  known: readonly Patch[] | null,
): Uint8Array | null {
  const patches = known ?? (before === after ? NO_PATCHES : diff(before, after, 'view'));
  if (patches.length === 0 && !isOwed) return null;
  return pack({ room, from, patches, ...(events && { events }), ...(missed && { missed }) });
}

/** Returns the body of a sync with the whole state. */
export function classicState(room: string, state: unknown, extras: SyncExtras = {}): Uint8Array {
  return pack({ room, state, ...extras });
}

/**
 * Returns the body of a compact sync with a patch. Null: nothing has changed, and `isOwed` is false.
 * @param time the room time in ms, only for games with steps: `elapsed` since the version `from`, or absolute as `time`
 * @param hasHash whether a patch that changes something has the hash of the state after it
 * @param known the state patch from `before` to `after`, if the caller has it
 * @throws StatePatchError when `after` is not plain data
 */
export function compactPatch(
  { version, from, before, after, events, missed }: SeenChange,
  isOwed: boolean,
  time: { readonly elapsed?: number; readonly time?: number } = {},
  hasHash = false,
  known: Uint8Array | null = null,
): Uint8Array | null {
  const patch = before === after ? NOTHING : (known ?? encodePatch(before, after));
  if (patch.length === 0 && !isOwed) return null;
  return encodeCompactBody(
    {
      version,
      from,
      ...time,
      ...(hasHash && patch.length > 0 && { hash: hashValue(after) }),
      ...(events && { events }),
      ...(missed && { missed }),
    },
    patch,
  );
}

/** @param time the room time of the state, in ms; only for games with steps */
export function compactState(version: number, state: unknown, extras: SyncExtras = {}, time?: number): Uint8Array {
  return encodeCompactBody({ version, ...extras, ...(time !== undefined && { time }) }, encodeValue(state));
}

/** Returns the events of these changes that a seat gets (null: a spectator); undefined when there are none. */
export function eventsFor(changes: readonly Pick<Change, 'version' | 'events'>[], seat: Seat | null): GameEvent[] | undefined {
  let received: GameEvent[] | undefined;
  for (const { version, events } of changes) {
    if (!events) continue;
    for (const event of events) {
      if (!isFor(event, seat)) continue;
      const { name, data } = event;
      received ??= [];
      received.push(data === undefined ? { version, name } : { version, name, data });
    }
  }
  return received;
}

/** Returns whether a seat gets the event (null: a spectator). */
export function isFor({ to }: ChangeEvent, seat: Seat | null): boolean {
  return to === undefined || (seat !== null && to.includes(seat));
}

const NO_PATCHES: readonly Patch[] = [];
const NOTHING = new Uint8Array(0);
