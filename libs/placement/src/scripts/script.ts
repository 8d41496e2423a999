import { LuaScript } from '#libs/redis';

/**
 * A script of placement: the shared prefix, optional further parts, and its own file. `keyCount` null: the number of keys differs
 * per call.
 */
export function placementScript(verb: string, keyCount: number | null, parts: readonly string[] = []): LuaScript {
  const files = ['shared', ...parts, verb].map((name) => new URL(`./${name}.lua`, import.meta.url));
  return new LuaScript(`placement_${verb}`, files, keyCount);
}
