export { hashValue } from './hash.js';
export { applyPatch, decodeValue, encodePatch, encodeValue } from './patch.js';
export { quantize } from './quantize.js';
export { StatePatchError } from './state-patch-error.js';
