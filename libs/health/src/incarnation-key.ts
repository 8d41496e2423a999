import type { ServerRecord } from '#libs/fleet';

/** Identifies one incarnation of one server. The incarnation alone is a time, which two servers may share. */
export function incarnationKey({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): string {
  return `${id} ${incarnation}`;
}
