/** The failures of servers and Redis: the columns of the README's table. */
export const EVENTS = ['any number of our servers die', 'Redis dies, our servers live', 'both at once'] as const;
export type PromisedEvent = (typeof EVENTS)[number];

type Promises = Readonly<Record<PromisedEvent, string>>;

/**
 * The README's table "What is promised, with which Redis", by row and column. `test/promises.spec.ts` compares it with the
 * README, and `test/long/promises.spec.ts` has a test for each cell.
 */
export const PROMISES = {
  'no persistence': {
    'any number of our servers die': '0 lost',
    'Redis dies, our servers live': '0 lost (our servers write it again)',
    'both at once': 'all lost',
  },
  'AOF `everysec` (a private Redis of `npm start`)': {
    'any number of our servers die': '0 lost',
    'Redis dies, our servers live': '0 lost',
    'both at once': 'process of Redis: 0; its host: up to about a second',
  },
  'AOF `always`': {
    'any number of our servers die': '0 lost',
    'Redis dies, our servers live': '0 lost',
    'both at once': '0 (one disk)',
  },
  'replicas, `DURABILITY_REPLICAS=1`': {
    'any number of our servers die': '0 lost',
    'Redis dies, our servers live': '0 lost',
    'both at once': '0 unless the replica dies too',
  },
} as const satisfies Readonly<Record<string, Promises>>;

export type PromisedRedis = keyof typeof PROMISES;
