import { offerKey } from './placement-keys.js';

/**
 * The region and build of the servers that may run a room. Without `region`: servers of any region. Without `build`: all servers except
 * canaries.
 */
export interface Place {
  readonly region?: string;
  readonly build?: string;
}

/** The properties of a server that decide which rooms it may get. */
export interface Offerer {
  /** The games that the server runs, with the versions whose rooms it accepts. */
  readonly games: Readonly<Record<string, readonly number[]>>;
  readonly region?: string;
  readonly build?: string;
  /** True: the server accepts only rooms that request its build. */
  readonly canary?: boolean;
}

/**
 * Returns the keys by which a request finds the server: one key for each combination of game, game version, region and build for which the
 * server may be chosen. Servers with the same keys share one sorted set in Redis, called an order. For each key, a set in Redis names the
 * orders whose servers have this key. So a choice reads only the best servers of a few orders, and the cost of a choice does not grow with
 * the fleet. Most fleets have one order, or one per build while two builds run.
 */
export function offersOf({ games, region, build, canary = false }: Offerer): string[] {
  const regions = region ? [undefined, region] : [undefined];
  const builds = canary ? [build] : build ? [undefined, build] : [undefined];
  const places = regions.flatMap((inRegion) => builds.map((ofBuild): Place => ({ region: inRegion, build: ofBuild })));
  return Object.entries(games).flatMap(([game, versions]) =>
    [undefined, ...versions].flatMap((version) => places.map((place) => offerKey(game, version, place))),
  );
}

/**
 * Returns the pairs of region and build to try for a room, best first. When both preferences cannot be met, the build is more important,
 * because a wrong region only makes a game slower.
 */
export function placesInOrder(must: Place, { region, build }: Place = {}): readonly Place[] {
  const best = { region: must.region ?? region, build: must.build ?? build };
  const places = [best, { ...must, build: best.build }, { ...must, region: best.region }, must];
  return places.filter((place, index) => places.findIndex((other) => isSame(place, other)) === index);
}

function isSame(one: Place, other: Place): boolean {
  return one.region === other.region && one.build === other.build;
}
