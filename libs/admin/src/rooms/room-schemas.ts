import { z } from 'zod';
import { AdminRoomView, msSince1970 } from '../schemas.js';

export const RoomDetail = AdminRoomView.extend({
  connections: z
    .array(
      z.object({
        user: z.string(),
        gateway: z.string().nullable().describe('the gateway that has the session of the member; null: no session'),
        away: z.boolean().describe('the session has no connection'),
      }),
    )
    .describe('of the members; the first 200'),
  log: z
    .object({ from: z.int(), to: z.int() })
    .nullable()
    .describe('the versions that `replay` can show; null: the game keeps none, or no game was played'),
});
export type RoomDetail = z.infer<typeof RoomDetail>;

export const ReplayQuery = z.object({
  version: z.coerce.number().int().min(0).optional().describe('the version to show; absent: the newest one'),
});

export const ReplayAnswer = z.object({
  room: z.string(),
  game: z.string(),
  gameVersion: z.int(),
  round: z.int(),
  version: z.int(),
  from: z.int().describe('the oldest version that can be shown: that of the last checkpoint'),
  to: z.int().describe('the newest version'),
  at: msSince1970.nullable().describe("when the room came to this version, by the room's time; null: at the checkpoint"),
  state: z.unknown().describe('the whole state of the game, also the parts that players do not see'),
  timers: z.array(z.object({ name: z.string(), at: msSince1970.describe("when it is due, by the room's time") })),
  seats: z.array(
    z.object({
      user: z.string(),
      name: z.string(),
      presence: z.string(),
      seq: z.int().describe('the last applied command'),
      bot: z.boolean(),
    }),
  ),
  ended: z.object({ reason: z.string(), result: z.unknown().optional(), message: z.string().optional() }).nullable(),
});
export type ReplayAnswer = z.infer<typeof ReplayAnswer>;
