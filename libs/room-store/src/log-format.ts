import type { GameDefinition } from '#libs/room';

/**
 * The format of a log. 1: its changes have RFC 6902 patches. 2: they may have state patches. The field `format` of the record has the format
 * of its log; absent means 1. Servers that do not know the format leave the room to others, so format 2 is only set for games that need it.
 */
export type LogFormat = 1 | 2;

/** The newest format that this version reads. */
export const LOG_FORMAT_MAX: LogFormat = 2;

/** Returns the format of the changes that a game makes. */
export function logFormatOf({ draft, durability }: Pick<GameDefinition, 'draft' | 'durability'>): LogFormat {
  return draft === 'copy' && durability === 'every-change' ? 2 : 1;
}
