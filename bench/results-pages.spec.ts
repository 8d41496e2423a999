import { describe, expect, it } from '@jest/globals';
import type { Recorded } from './record.js';
import { sectionPage, withConclusions } from './results-pages.js';
import type { Figure } from './table.js';

const MARKS = 'text\n<!-- conclusions: written by npm run bench -- --record -->old<!-- /conclusions -->\nrest';

const figure = (what: string, unit: string, target: Figure['target'], ...values: number[]): Figure => ({
  section: 'relay',
  what,
  unit,
  values,
  ...(target && { target }),
});
const relay: Recorded = {
  about: 'a message through the gateway',
  machine: {
    cpu: 'CPU',
    cores: 2,
    memoryGigabytes: 24,
    kernel: 'Linux 6',
    node: 'v20.20.2',
    redis: '7.0',
    commit: 'abc1234',
    peers: 'Colyseus 0.18',
    host: 'vm',
  },
  startedAt: '2026-11-26T10:00:00.000Z',
  runs: 3,
  loadBefore: 1,
  loadAfter: 2,
  figures: [
    figure('tcp, 200, closed loop: ours ÷ HAProxy', '×', { atMost: 1 }, 0.98, 0.99, 1.1),
    figure('tcp, 200, 5000/s: ours ÷ HAProxy', '×', { atMost: 1 }, 1.2, 1.3, 1.4),
    figure('answered', '/s', { atLeast: 5_000 }, 4_000),
    figure('p50', 'ms', undefined, 1),
  ],
};

describe('the conclusions of the benchmarks', () => {
  const page = withConclusions(MARKS, { relay }, ['room', 'relay']);

  it('show each ratio once, and mark the ratios that miss their target', () => {
    expect(page).toContain('| relay | tcp, 200: ours ÷ HAProxy | 0.99 | 1.3 **missed** | ≤ 1 |');
  });

  it('name the subject, date, command and raw table of each recorded section', () => {
    expect(page).toContain(
      '| [relay](results/relay.md) | a message through the gateway | 2026-11-26 | `npm run bench -- relay` | 1 of 3 |',
    );
    expect(page).not.toContain('results/room.md');
  });

  it('list missed targets that are not ratios', () => {
    expect(page).toContain('- relay, answered: 4,000 /s, target ≥ 5,000');
    const met = { ...relay, figures: relay.figures.slice(0, 2) };
    expect(withConclusions(MARKS, { relay: met }, ['relay'])).toContain('no ratios\n\nNone.');
  });

  it('replace only the text between the marks', () => {
    expect(page).toMatch(/^text\n<!-- conclusions[\s\S]*<!-- \/conclusions -->\nrest$/);
    expect(page).not.toContain('old');
    expect(() => withConclusions('no marks', { relay }, ['relay'])).toThrow('has no marks');
  });
});

describe('the page of a section of the benchmarks', () => {
  it('contains every figure, with the machine, the commit and the command', () => {
    const page = sectionPage('relay', relay, []);
    for (const part of ['Redis 7.0', 'commit abc1234', 'npm run bench -- relay`, 3 runs', 'answered', 'Peers: Colyseus 0.18'])
      expect(page).toContain(part);
  });
});
