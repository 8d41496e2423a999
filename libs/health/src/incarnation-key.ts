import type { ServerRecord } from '#libs/fleet';

/** Identifies one incarnation of one server. The number of the incarnation is not enough, because two servers may have the same number. */
export function incarnationKey({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): string {
  return `${id} ${incarnation}`;
}
