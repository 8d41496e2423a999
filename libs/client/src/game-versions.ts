import { HoldfastError } from '#libs/protocol';

/**
 * The versions of each game for which a program was written, by the name of the game. The client accepts every version of a game that is
 * not listed.
 */
export type GameVersions = Readonly<Record<string, number | readonly number[]>>;

/**
 * Returns the refusal of commands in a game with this version. Null: the program was written for the version, or the server does not report
 * the version.
 */
export function refusalOfVersion(known: GameVersions, game: string, version: number | null): HoldfastError | null {
  const versions = Object.hasOwn(known, game) ? [known[game]!].flat() : [];
  if (version === null || versions.length === 0 || versions.includes(version)) return null;
  const message = `The game has version ${version}, and this program was written for ${versions.join(' or ')}. Load the program again.`;
  return new HoldfastError('game-version', message);
}
