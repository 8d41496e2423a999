import { LuaScript } from '#libs/redis';

const SHARED = new URL('./shared.lua', import.meta.url);

/** A verb of placement, with what all of them share in front. */
export function placementScript(verb: string, keyCount: number): LuaScript {
  return new LuaScript(`placement_${verb}`, [SHARED, new URL(`./${verb}.lua`, import.meta.url)], keyCount);
}
