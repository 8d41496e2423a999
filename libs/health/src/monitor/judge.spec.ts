import { type Case, type Judgement, judge, judgeCase, type Seen } from './judge.js';

const SEEN: Seen = { answer: 'unanswered', doubt: null, inGrace: false, missesBefore: 0 };
const CASE: Case = { misses: 2, maxMisses: 2, secondPath: 'silent', patienceIsOver: true, many: false, heldForMs: 0, holdMs: 10_000 };

describe('judge', () => {
  it.each<[string, Partial<Seen>, Partial<Case>, Judgement]>([
    ['an answer is health, whatever went before', { answer: 'answered', missesBefore: 9 }, {}, { kind: 'healthy' }],
    ['an answer is believed even in doubt', { answer: 'answered', doubt: 'loop-late' }, {}, { kind: 'healthy' }],
    ['no question, no miss', { answer: 'unasked' }, {}, { kind: 'void', reason: 'first' }],
    ['a checker that was late counts nothing', { doubt: 'loop-late', missesBefore: 1 }, {}, { kind: 'void', reason: 'loop-late' }],
    [
      'nor does one whose store was away',
      { doubt: 'store-unreachable', missesBefore: 1 },
      {},
      { kind: 'void', reason: 'store-unreachable' },
    ],
    ['nor is a server judged in its grace', { inGrace: true, missesBefore: 1 }, {}, { kind: 'void', reason: 'grace' }],
    ['the first miss makes a suspect', {}, { secondPath: null }, { kind: 'missed', misses: 1 }],
    ['the second miss condemns the silent', { missesBefore: 1 }, {}, { kind: 'condemned', reason: 'silent', misses: 2 }],
  ])('%s', (_rule, seen, rest, expected) => {
    expect(judge({ ...SEEN, ...seen }, { ...CASE, ...rest })).toEqual(expected);
  });
});

describe('judgeCase', () => {
  it.each<[string, Partial<Case>, Judgement]>([
    ['misses alone condemn nobody: the link is asked first', { secondPath: null }, { kind: 'missed', misses: 2 }],
    ['silence on the link alone condemns nobody', { misses: 1 }, { kind: 'missed', misses: 1 }],
    ['who answers on the link lives', { secondPath: 'answered', misses: 9 }, { kind: 'held', reason: 'unheard', misses: 9 }],
    ['a refusal condemns at the first miss', { secondPath: 'refused', misses: 1 }, { kind: 'condemned', reason: 'refused', misses: 1 }],
    ['a refusal condemns among many', { secondPath: 'refused', many: true }, { kind: 'condemned', reason: 'refused', misses: 2 }],
    ['a busy server is given its time', { patienceIsOver: false }, { kind: 'missed', misses: 2 }],
    ['many at once are held', { many: true }, { kind: 'held', reason: 'many', misses: 2 }],
    ['a hold ends', { many: true, heldForMs: 10_000 }, { kind: 'condemned', reason: 'silent', misses: 2 }],
    [
      'of many, who answers on the link lives',
      { many: true, secondPath: 'answered', heldForMs: 10_000 },
      { kind: 'held', reason: 'unheard', misses: 2 },
    ],
  ])('%s', (_rule, given, expected) => {
    expect(judgeCase({ ...CASE, ...given })).toEqual(expected);
  });
});
