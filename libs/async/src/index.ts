export * from './consecutive-sightings.js';
export * from './in-batches.js';
export * from './keyed-flights.js';
export * from './keyed-mutex.js';
export * from './observed-ages.js';
export * from './single-flight.js';
export * from './sleep.js';
export * from './tick-batch.js';
