import { redisName } from '#libs/redis';
import type { Kind, Plan, World } from './faults.js';
import { SEARCHED_GAME } from './searchers.js';
import { pause } from './until.js';

/** Longest time to wait for the next ticket, in ms. */
const TICKET_MS = 3_000;
/**
 * Shortest and longest time from a new ticket to the fault, in ms. In this time a round matches the ticket, the commit stores the match,
 * and a lobby makes the room and starts the game.
 */
const INTO_MATCH_MS = [0, 25] as const;
const DOWN_MS = [300, 3_000] as const;
const STOP_MS = [2_500, 7_500] as const;

/** Returns the faults during matchmaking. The lobby that runs the rounds dies or hangs just after a ticket was added. */
export function matchFaults(world: World): Kind[] {
  return [
    { name: 'kill-runner', weight: 2, plan: () => onRunner(world, 'kill') },
    { name: 'hang-runner', weight: 1, plan: () => onRunner(world, 'hang') },
  ];
}

function onRunner({ fleet, chance }: World, act: 'kill' | 'hang'): Plan | null {
  if (fleet.of('lobby').filter(({ condition }) => condition === 'up').length < 2) return null;
  const [intoMs, downMs, stopMs] = [chance.between(...INTO_MATCH_MS), chance.between(...DOWN_MS), chance.between(...STOP_MS)];
  return {
    what: `the lobby that runs the rounds, ${Math.round(intoMs)} ms after a ticket`,
    act: async () => {
      await nextTicket(fleet);
      await pause(intoMs);
      const runner = await fleet.client.get(redisName(`match:{${SEARCHED_GAME}}:runner`)).catch(() => null);
      const up = fleet.of('lobby').filter(({ condition }) => condition === 'up');
      const lobby = up.find(({ id }) => id === runner);
      if (!lobby || up.length < 2) return;
      if (act === 'kill') {
        await lobby.kill();
        await pause(downMs);
        return lobby.start();
      }
      lobby.stop(true);
      await pause(stopMs);
      lobby.continue();
    },
  };
}

/** Waits until a ticket is added, but not longer than `TICKET_MS`. */
async function nextTicket(fleet: World['fleet']): Promise<void> {
  const hearing = fleet.client.duplicate();
  hearing.on('error', () => {});
  try {
    await Promise.race([
      new Promise<void>((resolve) => {
        hearing.on('message', () => resolve());
        hearing.subscribe(redisName(`match:{${SEARCHED_GAME}}`)).catch(() => {});
      }),
      pause(TICKET_MS),
    ]);
  } finally {
    hearing.disconnect();
  }
}
