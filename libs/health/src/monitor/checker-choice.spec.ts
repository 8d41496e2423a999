import { type ServerRecord, toServerRecord } from '#libs/fleet';
import { type ServerId, type ServerType, serverId } from '#libs/protocol';
import { isMassFailure } from '../evidence/mass-failure.js';
import { votingGateways } from '../voting/voting-gateways.js';
import { checkerOf } from './checker-choice.js';

const GATEWAYS = ['1', '2', '3'].map((name) => serverId('gateway', name));
const GAMES = Array.from({ length: 300 }, (_, index) => serverId('game', String(index)));

describe('checkerOf', () => {
  it('divides the servers among the gateways independently of the order of the gateways', () => {
    const shares = new Map<ServerId | null, number>();
    for (const game of GAMES) {
      const checker = checkerOf(game, GATEWAYS);
      expect(checkerOf(game, [...GATEWAYS].reverse())).toBe(checker);
      shares.set(checker, (shares.get(checker) ?? 0) + 1);
    }
    expect([...shares.keys()].sort()).toEqual(GATEWAYS);
    for (const share of shares.values()) expect(share).toBeGreaterThan(60);
  });

  it('changes the checker only of the servers that a lost gateway checked', () => {
    for (const game of GAMES) {
      const before = checkerOf(game, GATEWAYS);
      const after = checkerOf(game, GATEWAYS.slice(0, 2));
      if (before !== GATEWAYS[2]) expect(after).toBe(before);
    }
  });

  it('never makes a gateway its own checker', () => {
    for (const gateway of GATEWAYS) expect(checkerOf(gateway, GATEWAYS)).not.toBe(gateway);
    expect(checkerOf(GATEWAYS[0], [GATEWAYS[0]])).toBeNull();
  });
});

describe('votingGateways', () => {
  it('returns the gateways that are neither dead nor suspect', () => {
    const servers = [
      record('gateway', 'well', {}),
      record('gateway', 'dead', { state: 'dead' }),
      record('gateway', 'suspect', { suspect: '1' }),
      record('gateway', 'starting', { state: 'starting' }),
      record('game', 'game', {}),
    ];
    expect(votingGateways(servers).map(({ name }) => name)).toEqual(['well']);
  });

  it('returns all living gateways when every living gateway is suspect', () => {
    const servers = [record('gateway', 'suspect', { suspect: '1' }), record('gateway', 'dead', { state: 'dead' })];
    expect(votingGateways(servers).map(({ name }) => name)).toEqual(['suspect']);
  });
});

describe('isMassFailure', () => {
  it.each([
    [1, 1, false],
    [1, 2, false],
    [2, 2, true],
    [2, 5, true],
    [2, 6, false],
    [333, 999, false],
    [334, 999, true],
  ])('with %p failed servers of %p, returns %p', (silent, others, expected) => {
    expect(isMassFailure(silent, others)).toBe(expected);
  });
});

function record(type: ServerType, name: string, fields: Record<string, string>): ServerRecord {
  return toServerRecord(serverId(type, name), { type, name, state: 'ready', incarnation: '1', ...fields }) as ServerRecord;
}
