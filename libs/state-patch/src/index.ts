export { hashValue } from './hash.js';
export { applyPatch, decodeValue, encodePatch, encodeValue } from './patch.js';
export { bytesByPath } from './patch-bytes.js';
export { quantize, roundParts } from './quantize.js';
export { RoundingTree, type StepsByPath } from './rounding-tree.js';
export { type StateCopy, withStateCopy } from './state-copy.js';
export { StatePatchError } from './state-patch-error.js';
