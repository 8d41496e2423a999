import { offerKey } from './placement-keys.js';

/** Where a room may go: of a region, of a build; neither: anywhere but to a canary. */
export interface Place {
  readonly region?: string;
  readonly build?: string;
}

/** What decides in which order a server stands, and what for. */
export interface Offerer {
  /** The games it runs, and of which versions it takes rooms. */
  readonly games: Readonly<Record<string, readonly number[]>>;
  readonly region?: string;
  readonly build?: string;
  /** Takes only rooms that ask for its build. */
  readonly canary?: boolean;
}

/**
 * What a server is offered for: one key for every wish that it meets. Servers that are offered for the same stand in one
 * order, and under each key are the orders offered there: a choice is a look at one end of each, however many servers there
 * are that do not meet the wish. Most fleets have one order; one for each build while there are two.
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
 * Where a room is tried, in this order: as it would like it best first, as it must be last. Of two preferences that
 * cannot be met together the build comes first: a wrong region makes a game slower, a wrong build makes it another.
 */
export function placesInOrder(must: Place, { region, build }: Place = {}): readonly Place[] {
  const best = { region: must.region ?? region, build: must.build ?? build };
  const places = [best, { ...must, build: best.build }, { ...must, region: best.region }, must];
  return places.filter((place, index) => places.findIndex((other) => isSame(place, other)) === index);
}

function isSame(one: Place, other: Place): boolean {
  return one.region === other.region && one.build === other.build;
}
