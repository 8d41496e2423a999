import { judgeUnreached, type UnreachedCase } from './judge-unreached.js';

const CUT: UnreachedCase = {
  reports: 3,
  gateways: 3,
  rooms: 5,
  othersReached: true,
  many: false,
  heldForMs: 0,
  holdMs: 10_000,
  reportedForMs: 0,
  aloneMs: 750,
};

describe('the judgement on a server that cannot be reached by link', () => {
  it.each([
    [1, 1, 'condemned'],
    [2, 2, 'condemned'],
    [1, 2, 'wait'],
    [2, 3, 'condemned'],
    [1, 3, 'wait'],
    [2, 4, 'wait'],
    [3, 4, 'condemned'],
  ])('with %i of %i gateways that say so is: %s', (reports, gateways, kind) => {
    expect(judgeUnreached({ ...CUT, reports, gateways })).toEqual({ kind });
  });

  it('is that the gateway is cut off itself, once it has been alone with its report for a while', () => {
    expect(judgeUnreached({ ...CUT, reports: 1, reportedForMs: 749 })).toEqual({ kind: 'wait' });
    expect(judgeUnreached({ ...CUT, reports: 1, reportedForMs: 750 })).toEqual({ kind: 'alone' });
  });

  it('is held while many are unreachable at once, and falls when that lasts', () => {
    expect(judgeUnreached({ ...CUT, many: true, heldForMs: 9_999 })).toEqual({ kind: 'held' });
    expect(judgeUnreached({ ...CUT, many: true, heldForMs: 10_000 })).toEqual({ kind: 'condemned' });
  });

  it('leaves a server without rooms, and one whose rooms could go nowhere', () => {
    expect(judgeUnreached({ ...CUT, rooms: 0 })).toEqual({ kind: 'wait' });
    expect(judgeUnreached({ ...CUT, othersReached: false })).toEqual({ kind: 'wait' });
  });
});
