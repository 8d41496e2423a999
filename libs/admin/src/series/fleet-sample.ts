import type { ServerRecord } from '#libs/fleet';

/** The values of the whole fleet in a sample, in this order. */
export const FLEET_VALUES = [
  'games',
  'slots',
  'sessions',
  'commandsPerSecond',
  'ackP99Ms',
  'lagMs',
  'gameServers',
  'ownerlessRooms',
] as const;
/** The values of one server in a sample, in this order. */
export const SERVER_VALUES = ['load', 'cpuPercent', 'lagMs', 'commandsPerSecond'] as const;

/** Null: the value is not known. */
type Values = readonly (number | null)[];

/** The values of the fleet and of its servers at one time. */
export interface FleetSample {
  readonly fleet: Values;
  /** The values of each server. The key is the id of the server without the prefix of the fleet, such as `game:1`. */
  readonly servers: Readonly<Record<string, Values>>;
}

/** Maximum number of servers in a sample. If the fleet has more, the sample omits the servers with the lowest load. */
export const SAMPLED_SERVERS_MAX = 200;

/** Takes a sample of the directory. Pure. `slots`: maximum number of rooms of all open game servers. */
export function sampleOf(records: readonly ServerRecord[], slots: number): FleetSample {
  const alive = records.filter(({ state }) => state !== 'dead');
  const games = alive.filter(({ type }) => type === 'game');
  const lost = records.filter(({ type, state, settledAt }) => type === 'game' && state === 'dead' && settledAt === null);
  const values: Record<(typeof FLEET_VALUES)[number], number | null> = {
    games: sum(games.map(({ rooms }) => rooms)),
    slots,
    sessions: sum(alive.filter(({ type }) => type === 'gateway').map(({ players }) => players)),
    commandsPerSecond: sum(games.map(({ commandsPerSecond }) => commandsPerSecond ?? 0)),
    ackP99Ms: maxOf(games.map(({ ackP99Ms }) => ackP99Ms)),
    lagMs: maxOf(alive.map(({ lagMs }) => lagMs)),
    gameServers: games.length,
    ownerlessRooms: sum(lost.map(({ rooms }) => rooms)),
  };
  const listed = [...alive].sort((one, other) => loadOf(other) - loadOf(one)).slice(0, SAMPLED_SERVERS_MAX);
  return {
    fleet: FLEET_VALUES.map((name) => values[name]),
    servers: Object.fromEntries(
      listed.map((record) => [
        `${record.type}:${record.name}`,
        [loadOf(record), record.cpuPercent, Math.round(record.lagMs * 10) / 10, record.commandsPerSecond],
      ]),
    ),
  };
}

/** Combines samples of one period into one: the maximum of each value in `PEAKS`, and the mean of each other value. Pure. */
export function combined(samples: readonly FleetSample[]): FleetSample {
  const names = new Set(samples.flatMap(({ servers }) => Object.keys(servers)));
  return {
    fleet: FLEET_VALUES.map((name, index) =>
      combinedValue(
        name,
        samples.map(({ fleet }) => fleet[index] ?? null),
      ),
    ),
    servers: Object.fromEntries(
      [...names].map((server) => [
        server,
        SERVER_VALUES.map((name, index) =>
          combinedValue(
            name,
            samples.map(({ servers }) => servers[server]?.[index] ?? null),
          ),
        ),
      ]),
    ),
  };
}

/** The values whose peak matters: a mean would hide a short outage. */
const PEAKS: ReadonlySet<string> = new Set(['ackP99Ms', 'lagMs', 'ownerlessRooms']);

function combinedValue(name: string, values: Values): number | null {
  if (PEAKS.has(name)) return maxOf(values);
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.round((10 * sum(known)) / known.length) / 10;
}

function loadOf({ type, rooms, players }: ServerRecord): number {
  return type === 'gateway' ? players : rooms;
}

function maxOf(values: Values): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
