export const ROOM_STORE_OPTIONS = Symbol('RoomStoreOptions');

export interface RoomStoreOptions {
  /** Replicas of Redis that must have a write before it counts (`DURABILITY_REPLICAS`). */
  readonly replicas: number;
  /** Longest wait for these replicas, in ms. */
  readonly replicasTimeoutMs: number;
}
