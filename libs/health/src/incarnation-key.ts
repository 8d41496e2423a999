import type { ServerRecord } from '#libs/fleet';

/** Identifies one incarnation of one server. The incarnation alone does not: it is a time, and two servers may have the same one. */
export function incarnationKey({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): string {
  return `${id} ${incarnation}`;
}
