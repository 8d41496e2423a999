export { FleetRedis, type FleetRedisOptions, type FleetStore, type KeptStore } from './fleet-redis.js';
export type { Exit, FleetServer, ServerPorts } from './fleet-server.js';
export type { Side } from './partitions.js';
export { ADMIN_TOKEN, type PlayerOptions, type TestFleetOptions } from './running-fleet.js';
export type { ServerType } from './server-type.js';
export { TestFleet } from './test-fleet.js';
export { until } from './until.js';
