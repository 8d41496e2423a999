import { redisName } from '#libs/redis';
import type { Kind, Plan, World } from './faults.js';
import { pause, until } from './until.js';

const SHORT_PAUSE_MS = [200, 3_500] as const;
/** The shortest and longest duration of a long suspension of Redis, in ms. Both are longer than every timeout of a Redis command. */
const LONG_PAUSE_MS = [8_000, 11_000] as const;
const DEAF_MS = [4_000, 7_000] as const;
/**
 * The shortest and longest age of the writes that a fallback loses, in ms. With `appendfsync everysec`, a crash can lose writes of up to
 * two seconds.
 */
const LOST_MS = [300, 2_000] as const;
/** The fraction of fallbacks that lose all data, from 0 to 1. */
const EMPTIED_SHARE = 0.25;
/** The time limit for all servers to restore their data after a fallback, in ms. */
const SETTLED_MS = 10_000;
const AFTER_SETTLED_MS = 1_000;
/** The time limit for a server to restore its deleted record, in ms. Each server checks its record twice per second. */
const REGISTERED_AGAIN_MS = 10_000;

/** Returns the faults of Redis and of the connections to it. */
export function storeFaults(world: World): Kind[] {
  const { fleet } = world;
  const withStore = (plan: () => Plan | null) => (): Plan | null => (fleet.redisCondition === 'up' ? plan() : null);
  return [
    { name: 'kill-redis', weight: 2, plan: withStore(() => kill(world)) },
    { name: 'pause-redis', weight: 2, plan: withStore(() => pauseFor(world, SHORT_PAUSE_MS)) },
    { name: 'hang-redis', weight: 1, plan: withStore(() => pauseFor(world, LONG_PAUSE_MS)) },
    { name: 'fall-back-redis', weight: 2, isAlone: true, plan: withStore(() => fallBack(world)) },
    // This fault happens only with `--faults`. When a game server dies at the same time, nothing can restore the rooms of that server.
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

/**
 * Plans a fallback, as if the machine of Redis had failed: Redis loses its last writes or all of them. All servers must be up, because
 * nothing could restore data that only a dead server had.
 */
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
        return run !== undefined && (await fleet.client.get(redisName('settled'))) === run;
      };
      await until(isSettled, SETTLED_MS, 50).catch(() => {
        findings.violation(`the store was not settled ${SETTLED_MS / 1_000} s after it fell back`);
      });
      // When the store is settled, gateways notify the players of lost games. Without this delay, the next fault could kill a gateway
      // before it sends these notices.
      await pause(AFTER_SETTLED_MS);
    },
  };
}

function flush({ fleet }: World): Plan | null {
  const isWell = fleet.servers.every(({ condition }) => condition === 'up');
  return isWell ? { what: 'emptied', act: async () => void (await fleet.client.flushall()) } : null;
}

/** Plans to delete all records of servers, as an operator might do by mistake. Every living server must restore its record. */
function dropRegistry({ fleet, findings }: World): Plan | null {
  if (fleet.servers.some(({ condition }) => condition !== 'up')) return null;
  return {
    what: 'all records of servers',
    act: async () => {
      await fleet.client.del(redisName('servers'), ...fleet.servers.map(({ id }) => id)).catch(() => {});
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

/**
 * Plans a fault in which one server receives no messages of Redis channels for some time, although its connection shows no error.
 * `Innocents` checks that the server is not evicted for this. `allOpen` checks at the end that the server is ready.
 */
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
