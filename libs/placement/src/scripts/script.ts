import { LuaScript } from '#libs/redis';

/**
 * Makes a script of placement from `shared.lua`, the files of `parts`, and the file of the script itself, in this order. `keyCount` null:
 * the number of keys differs per call.
 */
export function placementScript(name: string, keyCount: number | null, parts: readonly string[] = []): LuaScript {
  const files = ['shared', ...parts, name].map((file) => new URL(`./${file}.lua`, import.meta.url));
  return new LuaScript(`placement_${name}`, files, keyCount);
}
