export * from './apply-change.js';
export * from './diff.js';
export * from './game-mistake.js';
export { firstDifference, firstNotPlain, freezeDeep, plainCopy, UnstorableError } from './plain-data.js';
export * from './room-input.js';
export * from './room-machine.js';
export { RoomOptionsError } from './room-options.js';
export * from './room-rules.js';
export * from './room-value.js';
