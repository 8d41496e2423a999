import { HoldfastError, type RoomId } from '#libs/protocol';
import { applyChanges, plainCopy, quoted, type RoomValue } from '#libs/room';
import type { AdoptedRoom, EventTail } from '#libs/room-store';
import { OverrunError } from '#libs/watchdog';
import type { GuardedMachine } from '../room/guarded-machine.js';

/** The value of a room at the version in its record, restored from its checkpoint and log. */
export interface RestoredValue {
  readonly value: RoomValue;
  /** The version of the checkpoint. */
  readonly checkpointVersion: number;
  /** The latest events that players received, up to the version of the checkpoint. */
  readonly tail: Pick<EventTail, 'since' | 'changes'> & Partial<EventTail>;
}

/**
 * Applies the log to the checkpoint, and returns the restored value. Returns the cause of a failure as text: there is no checkpoint, or
 * checkpoint and log do not lead to the version of the record.
 */
export function restoreValue(room: RoomId, { checkpoint, log, version }: AdoptedRoom): RestoredValue | string {
  if (checkpoint === null) return 'nothing of this room is stored';
  try {
    const checkpointVersion = checkpoint.value.version;
    const value = applyChanges(
      checkpoint.value,
      log.changes.filter((change) => change.version > checkpointVersion),
    );
    if (value.room !== room) return `this is the checkpoint of room ${value.room}`;
    if (value.version !== version) return `checkpoint and log lead to version ${value.version}, the record is at ${version}`;
    return { value, checkpointVersion, tail: checkpoint.tail ?? { since: checkpointVersion, changes: [] } };
  } catch (error) {
    return String(error);
  }
}

/**
 * Upgrades the value with the game's `migrateState` to the version of the game on this server.
 *
 * @throws `unknown-game` for a value of a newer game version, or when the game has no `migrateState`. From `migrateState`: `game-failed`
 * when it throws or returns no object; `UnstorableError` when its result cannot be stored; `OverrunError` when the watchdog interrupts it
 */
export function upgradeValue(machine: GuardedMachine, value: RoomValue): RoomValue {
  const { definition, migrateState } = machine.rules;
  const { state, game, gameVersion, version, room } = value;
  if (gameVersion === definition.version) return value;
  const what = `room ${room} is of version ${gameVersion} of ${game}, and this server has version ${definition.version}`;
  if (gameVersion > definition.version)
    throw new HoldfastError('unknown-game', `${what}: start a server with version ${gameVersion} or a later one.`);
  if (!migrateState) {
    const remedy = `add migrateState(state, fromVersion) to the game, or start a server with version ${gameVersion}`;
    throw new HoldfastError('unknown-game', `${what} and no migrateState: ${remedy}.`);
  }
  let next: unknown;
  try {
    next = machine.migrateState(migrateState, state, gameVersion);
  } catch (cause) {
    if (cause instanceof OverrunError) throw cause;
    throw new HoldfastError('game-failed', `${what}: its migrateState threw ${thrown(cause)}`, { cause });
  }
  // A `migrateState` that returns a promise is an error. Without this `catch`, a rejection of the promise would end the process.
  if (next instanceof Promise) next.catch(() => {});
  if (typeof next !== 'object' || next === null || next instanceof Promise)
    throw new HoldfastError(
      'game-failed',
      `${what}: its migrateState made ${next instanceof Promise ? 'a promise' : quoted(next)}, and no object for a state`,
    );
  // The upgraded state has a new version number, like any changed state. Otherwise players with the old state would receive no sync.
  return { ...value, state: plainCopy(next, 'the state that migrateState made'), gameVersion: definition.version, version: version + 1 };
}

/** Describes a value that a game threw. The value can have any type and any length. */
function thrown(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message.slice(0, THROWN_CHARS_MAX)}` : `a value of type ${typeof cause}`;
}

const THROWN_CHARS_MAX = 300;
