export { EventStream } from './event-stream.js';
export { ADMIN_TOKEN, type Fleet, type FleetOptions, type Game, type PlayerOptions, startFleet } from './fleet.js';
export type { FleetRedis, FleetStore } from './fleet-redis.js';
export type { Exit, FleetServer } from './fleet-server.js';
export { HalfOpenProxy } from './half-open-proxy.js';
export { type Ledger, LedgerGame } from './ledgers.js';
export { RawPlayer, type Way } from './raw-player.js';
export { ClusterStore, SentinelStore } from './redis-groups.js';
export { until } from './until.js';
