import type { ServerRecord } from '#libs/fleet';

/** One incarnation of one server. Incarnations are times: two servers may well have the same. */
export function incarnationKey({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): string {
  return `${id} ${incarnation}`;
}
