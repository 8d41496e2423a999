import { z } from 'zod';
import { ActReference, limit, msSince1970, note } from '../schemas.js';

export const SanctionView = z.object({
  user: z.string(),
  until: msSince1970.nullable().describe('when it ends, in ms since 1970; null: when an operator lifts it'),
  at: msSince1970,
  by: z.string().describe('the name of the token of the operator'),
  note: z.string().nullable(),
});
export type SanctionView = z.infer<typeof SanctionView>;

export const PlayerView = z.object({
  user: z.string(),
  name: z.string(),
  gateway: z.string().describe('the gateway that has the session'),
  connected: z.boolean().describe('false: the connection was lost, and the session waits for a resume'),
  transport: z.string().nullable().describe('websocket or tcp; null: not connected'),
  address: z.string().nullable().describe('the IP address of the player; null: not connected'),
  since: msSince1970.describe('when the session came to this gateway, in ms since 1970'),
  room: z.string().nullable(),
  watching: z.boolean(),
  searching: z.boolean().describe('whether the player searches for a match'),
  backlogBytes: z.int().describe('bytes that the player has not read yet'),
});
export type PlayerView = z.infer<typeof PlayerView>;

export const PlayersQuery = z.object({
  q: z.string().max(64).optional().describe('part of the user id or name, or the beginning of the address; case-insensitive'),
  gateway: z.string().min(1).max(128).optional().describe('only sessions at this gateway'),
  limit: limit(100, 500),
  after: z.string().max(600).optional().describe('`next` of the last page'),
});
export type PlayersQuery = z.infer<typeof PlayersQuery>;
export const PlayersAnswer = z.object({
  players: z.array(PlayerView).describe('by user id'),
  next: z.string().nullable().describe('`after` of the next page; null: this was the last page'),
  total: z.int().describe('number of sessions in the fleet'),
  matched: z.int().describe('number of sessions that match the filters'),
  missing: z.array(z.string()).describe('gateways that did not answer in time; their sessions are not in the list'),
});
export type PlayersAnswer = z.infer<typeof PlayersAnswer>;

export const UserAnswer = z.object({
  user: z.string(),
  name: z.string().nullable().describe('null: the user has no session'),
  session: z
    .object({
      gateway: z.string(),
      away: z.boolean().describe('the session has no connection'),
      room: z.string().nullable().describe('the room of the session, as the store knows it'),
    })
    .nullable()
    .describe('null: the user has no session now'),
  connection: PlayerView.nullable().describe('what the gateway of the session tells; null: no session, or the gateway does not answer'),
  room: z.object({ id: z.string(), watching: z.boolean() }).nullable().describe('the room of the user'),
  ban: SanctionView.nullable(),
  mute: SanctionView.nullable(),
});
export type UserAnswer = z.infer<typeof UserAnswer>;

/** A missing body is allowed too, because `curl -X POST` sends no body. */
export const SanctionBody = z
  .object({
    until: msSince1970.optional().describe('when it ends, in ms since 1970; absent: when an operator lifts it'),
    note,
  })
  .nullish();

export const KickAnswer = ActReference.extend({
  user: z.string(),
  kicked: z.boolean().describe('false: the user had no session'),
});
export const BanAnswer = ActReference.extend({
  ban: SanctionView,
  kicked: z.boolean().describe('whether the user had a session, which is over now'),
});
export const MuteAnswer = ActReference.extend({ mute: SanctionView });
export const LiftAnswer = ActReference.extend({
  user: z.string(),
  lifted: z.boolean().describe('false: there was nothing to lift'),
});

export const SanctionsQuery = z.object({
  q: z.string().max(64).optional().describe('part of the user id; case-insensitive'),
  limit: limit(100, 500),
  after: z.string().max(600).optional().describe('`next` of the last page'),
});
export const SanctionsAnswer = z.object({
  sanctions: z.array(SanctionView).describe('newest first'),
  next: z.string().nullable().describe('`after` of the next page; null: this was the last page'),
  total: z.int(),
});
export type SanctionsAnswer = z.infer<typeof SanctionsAnswer>;
