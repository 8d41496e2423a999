import type { RoomId, UserId } from '#libs/protocol';

/** `offered`: at least one player has not accepted the match yet. `making`: a lobby makes the room of the match. */
export type MatchStage = 'offered' | 'making';

/** A match whose room is not made yet. */
export interface MatchRecord {
  /** The id of the room that is made for the match. */
  readonly id: RoomId;
  readonly game: string;
  readonly stage: MatchStage;
  /** The queue time of the commit, in ms. */
  readonly at: number;
  readonly tickets: readonly string[];
  readonly teams?: readonly (readonly UserId[])[];
  readonly region?: string;
  /** The room that the tickets join. Undefined: a new room. */
  readonly room?: RoomId;
  readonly bots?: number;
  /** Number of players of all tickets of the match. */
  readonly players: number;
}

/** Converts a match to the text that Redis stores: `STAGE PLAYERS JSON`. */
export function matchText({ stage, players, ...body }: MatchRecord): string {
  return `${stage} ${players} ${JSON.stringify(body)}`;
}

/** Parses the text of a match. Null: a lobby of a later build has stored the match in a form that this build cannot read. */
export function parseMatch(text: string): MatchRecord | null {
  const [, stage, players, json] = /^(offered|making) (\d+) (\{.*\})$/s.exec(text) ?? [];
  if (json === undefined) return null;
  try {
    const body = JSON.parse(json) as Omit<MatchRecord, 'stage' | 'players'>;
    return { ...body, stage: stage as MatchStage, players: Number(players) };
  } catch {
    return null;
  }
}
