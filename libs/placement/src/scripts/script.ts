import { LuaScript } from '#libs/redis';

/** A verb of placement, with what all of them share in front, and further parts of its own. `keyCount` null: as many as each call gives. */
export function placementScript(verb: string, keyCount: number | null, parts: readonly string[] = []): LuaScript {
  const files = ['shared', ...parts, verb].map((name) => new URL(`./${name}.lua`, import.meta.url));
  return new LuaScript(`placement_${verb}`, files, keyCount);
}
