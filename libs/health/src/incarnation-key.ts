import type { ServerRecord } from '#libs/fleet';

/** Returns a key for one incarnation of one server. It contains the server id, because two servers can have the same incarnation number. */
export function incarnationKey({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): string {
  return `${id} ${incarnation}`;
}
