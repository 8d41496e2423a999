import { judgeUnreached, type UnreachedEvidence } from './judge-unreached.js';

const CUT: UnreachedEvidence = {
  reports: 3,
  gateways: 3,
  rooms: 5,
  othersReached: true,
  many: false,
  heldForMs: 0,
  holdMs: 10_000,
  reportedForMs: 0,
  cutOffMs: 750,
};

describe('the judgement on a server that gateways cannot reach by link', () => {
  it.each([
    [1, 1, 'condemned'],
    [2, 2, 'condemned'],
    [1, 2, 'wait'],
    [2, 3, 'condemned'],
    [1, 3, 'wait'],
    [2, 4, 'wait'],
    [3, 4, 'condemned'],
  ])('with reports from %i of %i gateways is `%s`', (reports, gateways, kind) => {
    expect(judgeUnreached({ ...CUT, reports, gateways })).toEqual({ kind });
  });

  it('is `alone` when only this gateway has reported the server for `cutOffMs`', () => {
    expect(judgeUnreached({ ...CUT, reports: 1, reportedForMs: 749 })).toEqual({ kind: 'wait' });
    expect(judgeUnreached({ ...CUT, reports: 1, reportedForMs: 750 })).toEqual({ kind: 'alone' });
  });

  it('is `held` while many servers are unreachable at the same time, and `condemned` after `holdMs`', () => {
    expect(judgeUnreached({ ...CUT, many: true, heldForMs: 9_999 })).toEqual({ kind: 'held' });
    expect(judgeUnreached({ ...CUT, many: true, heldForMs: 10_000 })).toEqual({ kind: 'condemned' });
  });

  it('is `wait` when the server has no rooms or no other server can take its rooms', () => {
    expect(judgeUnreached({ ...CUT, rooms: 0 })).toEqual({ kind: 'wait' });
    expect(judgeUnreached({ ...CUT, othersReached: false })).toEqual({ kind: 'wait' });
  });
});
