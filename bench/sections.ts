import type { Section } from './section.js';
import { SECTION_NAMES, type SectionName, SHORT_NAMES } from './section-names.js';
import { connections } from './sections/connections.js';
import { counts } from './sections/counts.js';
import { growth } from './sections/growth.js';
import { health } from './sections/health.js';
import { interest } from './sections/interest.js';
import { latency } from './sections/latency.js';
import { matchmaking } from './sections/matchmaking.js';
import { memory } from './sections/memory.js';
import { moveStore } from './sections/move-store.js';
import { patches } from './sections/patches.js';
import { pauses } from './sections/pauses.js';
import { placement } from './sections/placement.js';
import { realtime } from './sections/realtime.js';
import { recovery } from './sections/recovery.js';
import { relay, relay1000 } from './sections/relay.js';
import { room, room1000 } from './sections/room.js';
import { slowReader } from './sections/slow-reader.js';
import { starts } from './sections/starts.js';
import { steps } from './sections/steps.js';

const BY_NAME: Readonly<Record<SectionName, Section>> = {
  relay,
  'relay-1000': relay1000,
  room,
  'room-1000': room1000,
  starts,
  memory,
  connections,
  growth,
  latency,
  pauses,
  recovery,
  'move-store': moveStore,
  'slow-reader': slowReader,
  health,
  placement,
  matchmaking,
  steps,
  realtime,
  interest,
  patches,
  counts,
};

export const SECTIONS: readonly Section[] = SECTION_NAMES.map((name) => BY_NAME[name]);
export const SHORT: readonly Section[] = SHORT_NAMES.map((name) => BY_NAME[name]);
