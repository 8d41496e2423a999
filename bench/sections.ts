import type { Section } from './section.js';
import { connections } from './sections/connections.js';
import { counts } from './sections/counts.js';
import { growth } from './sections/growth.js';
import { health } from './sections/health.js';
import { latency } from './sections/latency.js';
import { memory } from './sections/memory.js';
import { patches } from './sections/patches.js';
import { pauses } from './sections/pauses.js';
import { placement } from './sections/placement.js';
import { recovery } from './sections/recovery.js';
import { relay, relay1000 } from './sections/relay.js';
import { room, room1000 } from './sections/room.js';
import { slowReader } from './sections/slow-reader.js';
import { starts } from './sections/starts.js';

/** In the order of RESULTS.md. */
export const SECTIONS: readonly Section[] = [
  relay,
  relay1000,
  room,
  room1000,
  starts,
  memory,
  connections,
  growth,
  latency,
  pauses,
  recovery,
  slowReader,
  health,
  placement,
  patches,
  counts,
];

/** Sections whose checked figures are the same on a busy machine: for CI. */
export const SHORT: readonly Section[] = [patches, counts];
