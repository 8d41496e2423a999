import { LuaScript } from '#libs/redis';

/**
 * Makes a script of placement from the shared prefix, optional further parts, and the script's own file. `keyCount` null: the number
 * of keys differs per call.
 */
export function placementScript(verb: string, keyCount: number | null, parts: readonly string[] = []): LuaScript {
  const files = ['shared', ...parts, verb].map((name) => new URL(`./${name}.lua`, import.meta.url));
  return new LuaScript(`placement_${verb}`, files, keyCount);
}
