export const ROOM_STORE_OPTIONS = Symbol('RoomStoreOptions');

export interface RoomStoreOptions {
  /** Number of replicas of Redis that must have a write before it is durable (`DURABILITY_REPLICAS`). */
  readonly replicas: number;
  /** Longest wait for the replicas of `DURABILITY_REPLICAS`, in ms. */
  readonly replicasTimeoutMs: number;
  /** Time for which a session without a connection can be resumed, in ms. The record of a user's room is kept for longer. Absent: 0. */
  readonly sessionTtlMs?: number;
}
