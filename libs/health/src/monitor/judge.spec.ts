import { type CheckResult, type Judgement, judge, judgeMisses, type MissEvidence } from './judge.js';

const RESULT: CheckResult = { answer: 'unanswered', doubt: null, inGrace: false, missesBefore: 0 };
const EVIDENCE: MissEvidence = {
  misses: 2,
  maxMisses: 2,
  secondPath: 'silent',
  patienceIsOver: true,
  many: false,
  heldForMs: 0,
  holdMs: 10_000,
};

describe('judge', () => {
  it.each<[string, Partial<CheckResult>, Partial<MissEvidence>, Judgement]>([
    [
      'returns `healthy` after an answer, however many checks were missed before',
      { answer: 'answered', missesBefore: 9 },
      {},
      { kind: 'healthy' },
    ],
    [
      'returns `healthy` after an answer, even when this process was late',
      { answer: 'answered', doubt: 'loop-late' },
      {},
      { kind: 'healthy' },
    ],
    ['counts no miss when no check waited for an answer', { answer: 'not-due' }, {}, { kind: 'void', reason: 'first' }],
    ['counts no miss when this process was late', { doubt: 'loop-late', missesBefore: 1 }, {}, { kind: 'void', reason: 'loop-late' }],
    [
      'counts no miss when Redis did not answer',
      { doubt: 'store-unreachable', missesBefore: 1 },
      {},
      { kind: 'void', reason: 'store-unreachable' },
    ],
    ['counts no miss during the grace period of a server', { inGrace: true, missesBefore: 1 }, {}, { kind: 'void', reason: 'grace' }],
    ['suspects a server after its first miss', {}, { secondPath: null }, { kind: 'missed', misses: 1 }],
    ['condemns a silent server after its second miss', { missesBefore: 1 }, {}, { kind: 'condemned', reason: 'silent', misses: 2 }],
  ])('%s', (_rule, result, evidence, expected) => {
    expect(judge({ ...RESULT, ...result }, { ...EVIDENCE, ...evidence })).toEqual(expected);
  });
});

describe('judgeMisses', () => {
  it.each<[string, Partial<MissEvidence>, Judgement]>([
    ['does not condemn a server before a dial has ended', { secondPath: null }, { kind: 'missed', misses: 2 }],
    ['does not condemn a server with one miss whose link is silent', { misses: 1 }, { kind: 'missed', misses: 1 }],
    [
      'holds the verdict on a server that answers a dial',
      { secondPath: 'answered', misses: 9 },
      { kind: 'held', reason: 'unheard', misses: 9 },
    ],
    [
      'condemns a server that refuses a dial after its first miss',
      { secondPath: 'refused', misses: 1 },
      { kind: 'condemned', reason: 'refused', misses: 1 },
    ],
    [
      'condemns a server that refuses a dial even when many servers are silent',
      { secondPath: 'refused', many: true },
      { kind: 'condemned', reason: 'refused', misses: 2 },
    ],
    [
      'counts only a miss while the reported event-loop lag may explain the silence',
      { patienceIsOver: false },
      { kind: 'missed', misses: 2 },
    ],
    ['holds the verdict when many servers are silent', { many: true }, { kind: 'held', reason: 'many', misses: 2 }],
    [
      'condemns a silent server among many silent servers after `holdMs`',
      { many: true, heldForMs: 10_000 },
      { kind: 'condemned', reason: 'silent', misses: 2 },
    ],
    [
      'holds the verdict on a server that answers a dial when many servers are silent',
      { many: true, secondPath: 'answered', heldForMs: 10_000 },
      { kind: 'held', reason: 'unheard', misses: 2 },
    ],
  ])('%s', (_rule, given, expected) => {
    expect(judgeMisses({ ...EVIDENCE, ...given })).toEqual(expected);
  });
});
