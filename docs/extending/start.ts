import { runServer, type ServerPlan } from '#libs/server';
import { HouseModule } from './house.module.js';

/** Starts a server with the extensions of this fleet. Each `main.ts` passes the plan of its type of server. */
export async function startWithExtensions(plan: ServerPlan<'lobby'>): Promise<void> {
  await runServer({ ...plan, extensions: [HouseModule] });
}
