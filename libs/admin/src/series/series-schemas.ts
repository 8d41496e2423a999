import { z } from 'zod';
import { msSince1970 } from '../schemas.js';

const values = z.array(z.number().nullable());

export const SeriesQuery = z.object({
  minutes: z.coerce.number().int().min(1).max(1_440).default(60).describe('how far back'),
  step: z.coerce
    .number()
    .int()
    .min(10)
    .max(3_600)
    .optional()
    .describe('seconds between two points, rounded up to what is kept (10 s for an hour, 60 s for a day); absent: about 240 points'),
  server: z.string().min(1).max(128).optional().describe('only this server in `servers`, with all its values'),
});
export type SeriesQuery = z.infer<typeof SeriesQuery>;

export const SeriesAnswer = z.object({
  stepMs: z.int(),
  at: z.array(msSince1970).describe('the times of the points, oldest first; every other list has one value for each. Null: no sample'),
  fleet: z.object({
    games: values.describe('rooms on game servers'),
    slots: values.describe('maximum number of rooms of all open game servers'),
    sessions: values.describe('sessions at all gateways'),
    commandsPerSecond: values,
    ackP99Ms: values.describe('the worst game server'),
    lagMs: values.describe('event loop lag, p99 of the worst server'),
    gameServers: values.describe('living game servers'),
    ownerlessRooms: values.describe('rooms that lost servers had, until the recovery of their last room'),
  }),
  servers: z
    .array(
      z.object({
        id: z.string(),
        type: z.string(),
        load: values.describe('rooms of a game server, or sessions of a gateway'),
        cpuPercent: values.optional().describe('only with `server`, like the following lists'),
        lagMs: values.optional(),
        commandsPerSecond: values.optional(),
      }),
    )
    .describe('the servers of these samples; a sample has at most 200'),
  pauses: z
    .array(z.object({ at: msSince1970, pauseMs: z.int(), server: z.string(), rooms: z.int() }))
    .describe('the incidents of this time in which players had to wait'),
});
export type SeriesAnswer = z.infer<typeof SeriesAnswer>;
