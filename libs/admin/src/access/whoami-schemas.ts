import { z } from 'zod';
import { ROLES } from './roles.js';

export const WhoamiAnswer = z.object({
  name: z.string().describe('the name of the token, as in the audit log'),
  role: z.enum(ROLES).describe('viewer: may only read; operator: may also act'),
  gateway: z.string().describe('the gateway that answers'),
});
export type WhoamiAnswer = z.infer<typeof WhoamiAnswer>;
