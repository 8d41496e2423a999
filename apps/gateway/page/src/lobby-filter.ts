import type { GameInfo, RoomSummary } from '#libs/client';
import type { RoomListQuery } from '#libs/protocol';
import { type OptionField, type OptionValue, optionFields } from './options-form.js';

export const SORTS = { newest: 'Newest first', players: 'Most players first', name: 'By name' } as const;
export type SortName = keyof typeof SORTS;

export interface LobbyFilter {
  /** The game whose rooms the list shows. Null: the rooms of all games. */
  readonly game: string | null;
  /** True: the list shows only rooms with a free seat. */
  readonly isFree: boolean;
  /** True: the list shows only rooms that need no password. */
  readonly isOpen: boolean;
  readonly sort: SortName;
  /** The wanted values of the game's options, by option name. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

export const ALL_ROOMS: LobbyFilter = { game: null, isFree: false, isOpen: false, sort: 'newest', options: {} };

export function queryOf({ game, isFree, isOpen, sort, options }: LobbyFilter): RoomListQuery {
  const filter = {
    ...(isFree && { free: { min: 1 } }),
    ...(isOpen && { password: false, locked: false }),
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`options.${name}`, value])),
  };
  return {
    ...(game !== null && { game }),
    ...(Object.keys(filter).length > 0 && { filter }),
    ...(sort === 'players' && { sort: { by: 'players', order: 'descending' } }),
    ...(sort === 'name' && { sort: { by: 'name' } }),
  };
}

export function isFiltered(filter: LobbyFilter): boolean {
  return filter.game !== null || filter.isFree || filter.isOpen || Object.keys(filter.options).length > 0;
}

/** Returns the options of a game by which players can filter its rooms: options with a small set of values. */
export function filterFields(game: GameInfo | undefined): Exclude<OptionField, { kind: 'number' | 'text' }>[] {
  return optionFields(game?.options).filter((field) => field.kind === 'choice' || field.kind === 'check');
}

/** Returns whether the player can join a room of the list, can only watch it, or cannot enter it. */
export function entryOf(room: RoomSummary, isJoinable: boolean): 'join' | 'watch' | 'none' {
  const isWaiting = room.status === 'waiting' || (room.status === 'playing' && isJoinable);
  if (room.players < room.seats && isWaiting && !room.locked) return 'join';
  return room.watch === undefined || room.watch === 'anyone' ? 'watch' : 'none';
}
