import { LuaScript } from '#libs/redis';

const SHARED = new URL('./shared.lua', import.meta.url);

/** A verb of placement, with what all of them share in front. `keyCount` null: as many as each call gives. */
export function placementScript(verb: string, keyCount: number | null): LuaScript {
  return new LuaScript(`placement_${verb}`, [SHARED, new URL(`./${verb}.lua`, import.meta.url)], keyCount);
}
