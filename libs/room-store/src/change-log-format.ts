import { type GameDefinition, hasStatePatches } from '#libs/room';

/**
 * The format of log and checkpoint. 1: changes have RFC 6902 patches. 2: they can have state patches, players who join the running game,
 * and bots. 3: in addition, effects can wait for a result, and the value can have loaded data. The field `format` of the record contains
 * the format; absent means 1. A server that does not know the format cannot adopt the room, so a higher format is only set for games that
 * need it.
 */
export type ChangeLogFormat = 1 | 2 | 3;

/** The newest format that this version of Holdfast can read. */
export const LOG_FORMAT_MAX: ChangeLogFormat = 3;

type Formatted = Pick<GameDefinition, 'draft' | 'durability' | 'joinable' | 'bots' | 'hasResults' | 'hasLoad'>;

/** Returns the format in which this server stores a game. */
export function logFormatOf({ draft, durability, joinable, bots, hasResults, hasLoad }: Formatted): ChangeLogFormat {
  if ((hasResults || hasLoad) && durability !== 'none') return 3;
  // A server with an earlier version of Holdfast has no bots, and would treat the seats of bots as seats of users, even in a checkpoint.
  // Format 2 prevents such a server from adopting the room.
  if (bots && durability !== 'none') return 2;
  return (hasStatePatches({ draft }) || joinable) && durability === 'every-change' ? 2 : 1;
}
