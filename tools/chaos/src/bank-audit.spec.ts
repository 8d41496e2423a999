import type { Payment } from './bank.js';
import { auditBank, type BankGameHistory } from './bank-audit.js';

const GAME = 'room-1';
const history = (rest: Partial<BankGameHistory> = {}): BankGameHistory => ({
  game: GAME,
  durability: 'checkpoint',
  acknowledged: new Set(['a', 'b']),
  asked: new Set(['a', 'b', 'c']),
  result: { game: GAME, purse: 998, sent: ['a', 'b'] },
  ...rest,
});
const paid = (...ids: string[]): Payment[] => ids.map((id) => ({ key: `key of ${id}`, game: GAME, id }));

describe('the check of bank games against their payments', () => {
  it('accepts a transfer whose effect ran twice with one key', () => {
    expect(auditBank([history()], paid('a', 'b', 'b'))).toEqual({ violations: [], paid: 2, missing: 0 });
  });

  it.each<[string, Partial<BankGameHistory>, Payment[], string]>([
    ['a transfer that was dropped', {}, paid('a'), 'transfer b was dropped'],
    ['a transfer that was paid under two keys', {}, [...paid('a', 'b'), { key: 'another', game: GAME, id: 'b' }], 'b was paid 2 times'],
    [
      'a key that was given to two transfers',
      {},
      [...paid('a', 'b'), { key: 'key of a', game: GAME, id: 'b' }],
      'key key of a was given to transfer a and to b',
    ],
    ['a payment that the game does not have', {}, paid('a', 'b', 'c'), 'transfer c was paid, and the game does not have it'],
    ['a payment that no player requested', {}, paid('a', 'b', 'd'), 'transfer d was paid, and no player requested it'],
    ['an acknowledged transfer that is missing', { acknowledged: new Set(['a', 'b', 'c']) }, paid('a', 'b'), 'c was acknowledged'],
    ['money that is missing', { result: { game: GAME, purse: 990, sent: ['a', 'b'] } }, paid('a', 'b'), '990 are left of 1000'],
    ['a command that was applied twice', { result: { game: GAME, purse: 997, sent: ['a', 'b', 'b'] } }, paid('a', 'b'), '1 transfers were'],
  ])('reports %s, and names the game', (_what, rest, payments, violation) => {
    const { violations } = auditBank([history(rest)], payments);
    expect(violations[0]).toMatch(new RegExp(`^bank-checkpoint game ${GAME}: .*${violation}`));
  });

  it('reports no violation for a lost game when no transfer was paid twice', () => {
    const lost = history({ durability: 'none', result: null });
    expect(auditBank([lost], paid('a')).violations).toEqual([]);
    expect(auditBank([lost], [...paid('a'), { key: 'another', game: GAME, id: 'a' }]).violations).toHaveLength(1);
  });
});
