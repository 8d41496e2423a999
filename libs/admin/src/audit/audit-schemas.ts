import { z } from 'zod';
import { ROLES } from '../access/roles.js';
import { limit, msSince1970 } from '../schemas.js';

/** The acts of the admin API, by the name in the audit log. */
export const ACTS = [
  'server.cordon',
  'server.uncordon',
  'server.drain',
  'server.evict',
  'room.migrate',
  'room.end',
  'player.kick',
  'player.ban',
  'player.unban',
  'player.mute',
  'player.unmute',
] as const;
export type Act = (typeof ACTS)[number];

export const ACT_OUTCOMES = ['running', 'done', 'refused', 'failed', 'lost'] as const;

export const ActView = z.object({
  id: z.string(),
  at: msSince1970.describe("when it began, in ms since 1970, by Redis' clock"),
  actor: z.string().describe('the name of the token'),
  role: z.enum(ROLES),
  gateway: z.string().describe('the gateway that carried it out'),
  act: z.enum(ACTS),
  target: z.string().describe('the server, room or user, as in the request'),
  note: z.string().nullable(),
  input: z.record(z.string(), z.unknown()).nullable().describe('the other fields of the request; null: none'),
  outcome: z
    .enum(ACT_OUTCOMES)
    .describe('running; done; refused: with `code`; failed: an error, with `code`; lost: its gateway ended before the act did'),
  code: z.string().nullable(),
  message: z.string().nullable(),
  result: z.record(z.string(), z.unknown()).nullable().describe('such as `{moved, left}` of a drain'),
  progress: z
    .object({ total: z.int(), left: z.int() })
    .nullable()
    .describe('of a drain: rooms on the server at its begin, and now. Null: the act has no steps'),
  endedAt: msSince1970.nullable(),
});
export type ActView = z.infer<typeof ActView>;

export const AuditQuery = z.object({
  actor: z.string().min(1).max(64).optional(),
  act: z.enum(ACTS).optional(),
  target: z.string().min(1).max(600).optional().describe('the server, with or without the prefix of the fleet, or the room or user'),
  limit: limit(100, 500),
  after: z.string().max(64).optional().describe('`next` of the last page'),
});
export type AuditQuery = z.infer<typeof AuditQuery>;
export const AuditAnswer = z.object({
  acts: z.array(ActView).describe('newest first; the latest 10,000 of the last 90 days are kept'),
  next: z.string().nullable().describe('`after` of the next page; null: this was the last page'),
});
export type AuditAnswer = z.infer<typeof AuditAnswer>;
