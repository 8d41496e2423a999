import { Injectable } from '@nestjs/common';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { applyChanges, type Change, type RoomValue } from '#libs/room';
import { StoredGames } from '#libs/room-store';
import type { HistoryAnswer } from '../schemas.js';
import type { ReplayAnswer } from './room-schemas.js';

/** Shows the log of a room, and the state of its game at each version of the log. It runs no code of the game. */
@Injectable()
export class RoomReplays {
  constructor(private readonly games: StoredGames) {}

  async history(room: RoomId, page: { readonly limit: number; readonly before?: number | undefined }): Promise<HistoryAnswer> {
    const found = await this.games.changes(room, page);
    if (!found) throw new HoldfastError('room-unknown');
    return { room, version: found.version, changes: found.changes.map(changeView), more: found.hasEarlier };
  }

  /**
   * Returns the state at a version, by default the newest one.
   *
   * @throws `room-unknown`; `not-found` when nothing of the game is stored, or the log does not lead to this version
   */
  async at(room: RoomId, version?: number): Promise<ReplayAnswer> {
    const stored = await this.games.read(room);
    if (!stored) throw new HoldfastError('room-unknown');
    const { checkpoint, changes } = stored;
    if (!checkpoint) throw new HoldfastError('not-found', 'No state of this room is stored: no game was played, or the game stores none.');
    const from = checkpoint.value.version;
    const to = changes.at(-1)?.version ?? from;
    const wanted = version ?? to;
    if (wanted < from || wanted > to)
      throw new HoldfastError('not-found', `The log of this room leads from version ${from} to ${to}, not to ${wanted}.`);
    const applied = changes.filter((change) => change.version <= wanted);
    return { ...viewOf(valueAfter(checkpoint.value, applied)), from, to, at: applied.at(-1)?.at ?? null };
  }
}

/** Applies changes to a value. @throws `not-found` when they do not fit the value, because another program changed the log */
function valueAfter(value: RoomValue, changes: readonly Change[]): RoomValue {
  try {
    return applyChanges(value, changes);
  } catch (cause) {
    throw new HoldfastError('not-found', 'The log of this room does not fit its checkpoint.', { cause });
  }
}

function viewOf({
  room,
  game,
  gameVersion,
  round = 0,
  version,
  state,
  timers,
  seats,
  ended,
}: RoomValue): Omit<ReplayAnswer, 'from' | 'to' | 'at'> {
  return {
    room,
    game,
    gameVersion,
    round,
    version,
    state,
    timers: Object.entries(timers)
      .map(([name, at]) => ({ name, at }))
      .sort((one, other) => one.at - other.at),
    seats: seats.map(({ user, name, presence, seq, bot = false }) => ({ user, name, presence, seq, bot })),
    ended: ended ?? null,
  };
}

function changeView({ version, at, events = [], seats = {}, patches, delta, ended }: Change): HistoryAnswer['changes'][number] {
  return {
    version,
    at,
    events: events.map((event) => ({ ...event, to: event.to && [...event.to] })),
    seats: { ...seats },
    patches: patches?.length ?? null,
    deltaBytes: delta?.length ?? null,
    ended: ended ?? null,
  };
}
