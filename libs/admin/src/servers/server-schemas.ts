import { z } from 'zod';
import { IncidentView, ServerView } from '../schemas.js';

export const ServerDetail = ServerView.extend({
  health: z.object({
    checker: z.string().nullable().describe('the gateway that checks it; null: there is no other gateway'),
    votes: z.array(z.string()).describe('gateways that vote for its eviction now'),
    unreachedBy: z.array(z.string()).describe('gateways that reported lately that they cannot reach it'),
  }),
  live: z
    .object({
      pid: z.int(),
      node: z.string().describe('version of Node.js'),
      uptimeMs: z.int(),
      heapBytes: z.int(),
      storeAvailable: z.boolean().describe('whether it can use Redis'),
      links: z.array(
        z.object({
          server: z.string(),
          incarnation: z.int(),
          silent: z.boolean().describe('the last ping has not been answered'),
          backlogBytes: z.int().describe('bytes that the other server has not read'),
        }),
      ),
    })
    .nullable()
    .describe('what the server itself answers now; null: it did not answer within two seconds'),
  incidents: z.array(IncidentView).describe('its incidents of the last day, newest first'),
});
export type ServerDetail = z.infer<typeof ServerDetail>;
