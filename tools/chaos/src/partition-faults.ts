import type { CuttableProxy } from './cuttable-proxy.js';
import type { Kind, Plan, World } from './faults.js';
import { pause } from './until.js';

const CUT_MS = [5_000, 9_000] as const;

/**
 * Returns faults that cut one game server off with proxies, which need no special rights. `npm run partitions` can cut the network between
 * any two servers.
 */
export function partitionFaults(world: World): Kind[] {
  return [
    { name: 'cut-links-game', weight: 2, plan: () => cut(world, 'links') },
    { name: 'cut-store-game', weight: 2, plan: () => cut(world, 'store') },
  ];
}

/**
 * Plans a cut. During the cut only this server may be evicted, as `unreachable` or `store-lost`. Returns null when no server can be cut,
 * the server is not up, or a cut is already in effect.
 */
function cut({ fleet, chance }: World, which: 'links' | 'store'): Plan | null {
  const { cuttable } = fleet;
  if (cuttable?.server.condition !== 'up') return null;
  const proxy: CuttableProxy = cuttable[which];
  if (proxy.isCut) return null;
  const ms = chance.between(...CUT_MS);
  return {
    what: `${cuttable.server.id} for ${Math.round(ms)} ms`,
    act: async () => {
      cuttable.server.mayBeCondemned();
      proxy.cut();
      await pause(ms);
      proxy.mend();
      cuttable.server.mayBeCondemned();
    },
  };
}
