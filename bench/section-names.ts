/** In the order of RESULTS.md. This list is separate from the sections, so that the help can be written without loading them. */
export const SECTION_NAMES = [
  'relay',
  'relay-1000',
  'room',
  'room-1000',
  'starts',
  'memory',
  'connections',
  'growth',
  'latency',
  'pauses',
  'recovery',
  'slow-reader',
  'health',
  'placement',
  'patches',
  'counts',
] as const;

export type SectionName = (typeof SECTION_NAMES)[number];

/** Sections whose checked figures are the same on a busy machine: for CI. */
export const SHORT_NAMES: readonly SectionName[] = ['patches', 'counts'];
