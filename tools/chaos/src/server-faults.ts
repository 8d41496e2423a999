import type { ServerType } from '#libs/protocol';
import type { ChaosServer } from './chaos-server.js';
import type { Kind, Plan, World } from './faults.js';
import { pause } from './until.js';

/** The shortest and longest duration of a short suspension, in ms. The server can become suspect, but must not be evicted. */
const SHORT_STOP_MS = [150, 900] as const;
/** The shortest and longest duration of a long suspension, in ms. An eviction takes two to three checks, so this is long enough for it. */
const LONG_STOP_MS = [4_500, 7_500] as const;
const DOWN_MS = [300, 3_000] as const;
/**
 * The differences by which a fault sets a wall clock forward or back, in ms. In reality, NTP, an operator or an empty battery changes a
 * clock like this.
 */
const CLOCK_JUMPS_MS = [-3_600_000, -40_000, 40_000, 3_600_000] as const;
const CLOCK_WRONG_MS = [3_000, 20_000] as const;
const TYPES: readonly [ServerType, number][] = [
  ['game', 4],
  ['gateway', 2],
  ['lobby', 1],
];

/** Returns the faults of server processes. */
export function serverFaults(world: World): Kind[] {
  return [
    ...TYPES.flatMap(([type, weight]): Kind[] => [
      { name: `kill-${type}`, weight, plan: () => withOne(world, type, (server) => kill(world, [server])) },
      { name: `stop-${type}`, weight, plan: () => withOne(world, type, (server) => stopFor(world, server, SHORT_STOP_MS)) },
      { name: `hang-${type}`, weight, plan: () => withOne(world, type, (server) => stopFor(world, server, LONG_STOP_MS)) },
      { name: `drain-${type}`, weight, plan: () => withOne(world, type, restart) },
      { name: `clock-${type}`, weight: 1, plan: () => withOne(world, type, (server) => setClock(world, server)) },
    ]),
    { name: 'kill-half', weight: 2, plan: () => killHalf(world) },
    { name: 'block-game', weight: 2, plan: () => withOne(world, 'game', block) },
  ];
}

/** Plans a fault for a server that is up. Returns null when fewer than two servers of the type are up, or when `planFor` returns null. */
export function withOne({ fleet, chance }: World, type: ServerType, planFor: (server: ChaosServer) => Plan | null): Plan | null {
  const up = fleet.of(type).filter(({ condition }) => condition === 'up');
  return up.length < 2 ? null : planFor(chance.pick(up) as ChaosServer);
}

function kill({ chance }: World, servers: readonly ChaosServer[]): Plan {
  const downMs = chance.between(...DOWN_MS);
  return {
    what: `${servers.map(({ id }) => id).join(', ')}, back after ${Math.round(downMs)} ms`,
    act: async () => {
      await Promise.all(servers.map((server) => server.kill()));
      await pause(downMs);
      await Promise.all(servers.map((server) => server.start()));
    },
  };
}

/** Plans to kill half of the servers of each type, rounded up. At least one server of each type stays alive. */
function killHalf(world: World): Plan | null {
  const servers = TYPES.flatMap(([type]) => {
    const up = world.fleet.of(type).filter(({ condition }) => condition === 'up');
    return up.slice(0, Math.min(Math.ceil(up.length / 2), up.length - 1));
  });
  return servers.length < 2 ? null : kill(world, servers);
}

/** Plans a suspension of a random length. An eviction of the server is a violation, unless the suspension is long. */
function stopFor({ chance }: World, server: ChaosServer, [low, high]: readonly [number, number]): Plan {
  const ms = chance.between(low, high);
  return {
    what: `${server.id} for ${Math.round(ms)} ms`,
    act: async () => {
      server.stop(ms > SHORT_STOP_MS[1]);
      await pause(ms);
      server.continue();
    },
  };
}

function restart(server: ChaosServer): Plan {
  return {
    what: server.id,
    act: async () => {
      await server.drain();
      await server.start();
    },
  };
}

/**
 * Plans to set the wall clock of a server, and to correct it later. When two of these faults overlap, the first one to end corrects the
 * clock.
 */
function setClock({ chance }: World, server: ChaosServer): Plan {
  const byMs = chance.pick(CLOCK_JUMPS_MS) as number;
  const ms = chance.between(...CLOCK_WRONG_MS);
  return {
    what: `${server.id} is set ${byMs > 0 ? 'ahead' : 'back'} by ${Math.abs(byMs) / 1_000} s, and back after ${Math.round(ms)} ms`,
    act: async () => {
      server.setClock(byMs);
      await pause(ms);
      server.setClock(0);
    },
  };
}

/** Plans to block the event loop of a server. `Innocents` checks that the server is not evicted for this. */
function block(server: ChaosServer): Plan {
  return { what: `${server.id}, four fifths of its time`, act: () => server.block() };
}
