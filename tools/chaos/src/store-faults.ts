import type { Kind, Plan, World } from './faults.js';
import { pause, until } from './until.js';

const SHORT_PAUSE_MS = [200, 3_500] as const;
/** Longer than every deadline that has to do with the store. */
const LONG_PAUSE_MS = [8_000, 11_000] as const;
const DEAF_MS = [4_000, 7_000] as const;
/** How much of its past a store loses that falls back: up to two seconds of `appendfsync everysec`; and how often all of it. */
const LOST_MS = [300, 2_000] as const;
const EMPTIED_SHARE = 0.25;
/** All servers live, and have written again by then what they know. */
const SETTLED_MS = 10_000;
const AFTER_SETTLED_MS = 1_000;
/** Each server looks after its own record twice a second. */
const REGISTERED_AGAIN_MS = 10_000;

/** What befalls Redis, and the ways to it. */
export function storeFaults(world: World): Kind[] {
  const { fleet } = world;
  const withStore = (plan: () => Plan | null) => (): Plan | null => (fleet.redisCondition === 'up' ? plan() : null);
  return [
    { name: 'kill-redis', weight: 2, plan: withStore(() => kill(world)) },
    { name: 'pause-redis', weight: 2, plan: withStore(() => pauseFor(world, SHORT_PAUSE_MS)) },
    { name: 'hang-redis', weight: 1, plan: withStore(() => pauseFor(world, LONG_PAUSE_MS)) },
    { name: 'fall-back-redis', weight: 2, isAlone: true, plan: withStore(() => fallBack(world)) },
    // Only by name: beside a game server that dies at the same moment it takes with it what nobody holds any more.
    { name: 'flush-redis', weight: 0, plan: withStore(() => flush(world)) },
    { name: 'drop-registry', weight: 1, plan: withStore(() => dropRegistry(world)) },
    { name: 'deafen-game', weight: 2, plan: withStore(() => deafen(world)) },
  ];
}

function kill({ fleet, chance }: World): Plan {
  const downMs = chance.between(500, 3_000);
  return {
    what: `back after ${Math.round(downMs)} ms`,
    act: async () => {
      await fleet.killRedis();
      await pause(downMs);
      await fleet.restartRedis();
    },
  };
}

function pauseFor({ fleet, chance }: World, [low, high]: readonly [number, number]): Plan {
  const ms = chance.between(low, high);
  return {
    what: `for ${Math.round(ms)} ms`,
    act: async () => {
      fleet.stopRedis();
      await pause(ms);
      fleet.continueRedis();
    },
  };
}

/** Its host dies: what it wrote last is lost, or all of it. What a server holds that dies beside it is lost for good, so none does. */
function fallBack({ fleet, chance, findings }: World): Plan | null {
  if (fleet.servers.some(({ condition }) => condition !== 'up')) return null;
  const isEmptied = chance.next() < EMPTIED_SHARE;
  const lostMs = chance.between(...LOST_MS);
  const downMs = chance.between(0, 1_500);
  return {
    what: isEmptied ? `to nothing, after ${Math.round(downMs)} ms` : `by ${Math.round(lostMs)} ms, after ${Math.round(downMs)} ms`,
    act: async () => {
      const kept = await fleet.keepRedis();
      await pause(lostMs);
      await fleet.killRedis();
      await fleet.rewindRedis(isEmptied ? null : kept);
      await pause(downMs);
      await fleet.restartRedis();
      const isSettled = async (): Promise<boolean> => {
        const [, run] = /run_id:(\w+)/.exec(await fleet.client.info('server')) ?? [];
        return run !== undefined && (await fleet.client.get('hf:settled')) === run;
      };
      await until(isSettled, SETTLED_MS, 50).catch(() => {
        findings.violation(`the store was not settled ${SETTLED_MS / 1_000} s after it fell back`);
      });
      // Whoever is told something then is told it before the next server dies.
      await pause(AFTER_SETTLED_MS);
    },
  };
}

function flush({ fleet }: World): Plan | null {
  const isWell = fleet.servers.every(({ condition }) => condition === 'up');
  return isWell ? { what: 'emptied', act: async () => void (await fleet.client.flushall()) } : null;
}

/** As an operator might by mistake; every server that lives writes itself again. */
function dropRegistry({ fleet, findings }: World): Plan | null {
  if (fleet.servers.some(({ condition }) => condition !== 'up')) return null;
  return {
    what: 'all records of servers',
    act: async () => {
      await fleet.client.del('hf:servers', ...fleet.servers.map(({ id }) => id)).catch(() => {});
      const missing = async (): Promise<string[]> => {
        if (fleet.redisCondition !== 'up') return [];
        const living = fleet.servers.filter(({ condition }) => condition === 'up');
        const states = await Promise.all(living.map(({ id }) => fleet.client.hget(id, 'state')));
        return living.flatMap(({ id }, index) => (states[index] === null ? [id] : []));
      };
      await until(async () => (await missing()).length === 0, REGISTERED_AGAIN_MS, 250).catch(async () => {
        for (const id of await missing().catch(() => [])) findings.violation(`${id} did not register again after its record was deleted`);
      });
    },
  };
}

/** It hears nothing through Redis, and nobody says so. What becomes of it is seen to by `Innocents` and `allOpen`. */
function deafen({ fleet, chance }: World): Plan | null {
  const { server, proxy } = fleet.deafened;
  if (server.condition !== 'up') return null;
  const ms = chance.between(...DEAF_MS);
  return {
    what: `${server.id} for ${Math.round(ms)} ms`,
    act: async () => {
      proxy.silenceSubscribers();
      await pause(ms);
      proxy.hearAgain();
    },
  };
}
