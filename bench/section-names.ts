/** The names of all sections, in the order of RESULTS.md. They are in a file of their own, so that the help does not load the sections. */
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
  'move-store',
  'slow-reader',
  'health',
  'placement',
  'matchmaking',
  'steps',
  'realtime',
  'interest',
  'patches',
  'counts',
] as const;

export type SectionName = (typeof SECTION_NAMES)[number];

/** The sections for CI: their figures are the same on a busy machine. */
export const SHORT_NAMES: readonly SectionName[] = ['patches', 'counts'];
