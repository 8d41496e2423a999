export { hashValue } from './hash.js';
export { applyPatch, decodeValue, encodePatch, encodeValue } from './patch.js';
export { bytesByPath } from './patch-bytes.js';
export { quantize, roundParts } from './quantize.js';
export { type Rounding, roundingTo } from './rounding.js';
export { type StateCopy, withStateCopy } from './state-copy.js';
export { StatePatchError } from './state-patch-error.js';
