import { type GameDefinition, hasStatePatches } from '#libs/room';

/**
 * The format of a log. 1: its changes have RFC 6902 patches. 2: they may have state patches, players who join the running game, and bots.
 * The field `format` of the record has the format of its log; absent means 1. Servers that do not know the format leave the room to others,
 * so format 2 is only set for games that need it.
 */
export type ChangeLogFormat = 1 | 2;

/** The newest format that this version reads. */
export const LOG_FORMAT_MAX: ChangeLogFormat = 2;

/** Returns the format of the changes that a game makes. */
export function logFormatOf({
  draft,
  durability,
  joinable,
  bots,
}: Pick<GameDefinition, 'draft' | 'durability' | 'joinable' | 'bots'>): ChangeLogFormat {
  // A server that does not know bots takes their seats for those of users, also in a checkpoint.
  if (bots && durability !== 'none') return 2;
  return (hasStatePatches({ draft }) || joinable) && durability === 'every-change' ? 2 : 1;
}
