import type { Beginning, Rules } from './record-protocol.js';

export interface RecordScenario extends Beginning {
  readonly name: string;
}

export const RECORD_SCENARIOS: readonly RecordScenario[] = [
  {
    name: 'a room is made and joined, and the store falls back',
    servers: 1,
    at: [0, 1],
    members: '',
    wants: [['create'], ['join']],
    faults: { fallback: 1 },
  },
  {
    name: 'a member is ready, and the store falls back',
    servers: 1,
    at: [0, 1],
    members: 'a',
    earlier: [''],
    wants: [[], ['join', 'ready']],
    faults: { fallback: 1 },
  },
  {
    name: 'a member leaves, and the store falls back',
    servers: 1,
    at: [0, 1],
    members: 'ab',
    earlier: ['', 'a'],
    wants: [['leave'], []],
    faults: { fallback: 1 },
  },
  {
    name: 'a game starts, and the store falls back',
    servers: 2,
    at: [0, 1],
    members: 'aB',
    earlier: ['', 'a', 'ab'],
    wants: [['start', 'move'], ['come again']],
    faults: { fallback: 1 },
  },
  {
    name: 'a game ends, and the store falls back',
    servers: 2,
    at: [0, 1],
    members: 'aB',
    earlier: ['', 'ab'],
    wants: [['start', 'move', 'end'], []],
    faults: { fallback: 1 },
  },
];
export type { Rules };
