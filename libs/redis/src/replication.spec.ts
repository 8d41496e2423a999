import { judgeMove, type Replication, readReplication } from './replication.js';

const replication = (role: string, id: string, previousId = '0'): Replication => ({ role, id, previousId });

describe('a server that finds another address in REDIS_URL_FILE', () => {
  it('moves when the new Redis has taken over from the old one', () => {
    expect(judgeMove({ old: replication('slave', 'b', 'a'), next: replication('master', 'b', 'a'), history: 'a' })).toBe('move');
  });

  it('moves even when the two Redis servers changed roles before the server saw the new address', () => {
    expect(judgeMove({ old: replication('slave', 'b', 'a'), next: replication('master', 'b', 'a'), history: null })).toBe('move');
  });

  it('moves when the old Redis is gone and the new Redis has the data of the old Redis', () => {
    expect(judgeMove({ old: null, next: replication('master', 'b', 'a'), history: 'a' })).toBe('move');
  });

  it.each([
    ['the new Redis does not answer', 'unreachable', replication('master', 'a'), null],
    ['the new Redis is still a replica', 'replica', replication('master', 'a'), replication('slave', 'a')],
    ['the old Redis still takes writes', 'old-primary', replication('master', 'a'), replication('master', 'b', 'a')],
    ['the new Redis has other data', 'other-data', replication('slave', 'x'), replication('master', 'c')],
    ['the old Redis is gone and the new one is empty', 'other-data', null, replication('master', 'c')],
  ] as const)('stays at the old Redis while %s', (_, reason, old, next) => {
    expect(judgeMove({ old, next, history: 'a' })).toBe(reason);
  });

  it('reads the role and the replication ids from the answer of Redis', () => {
    const info = '# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:abc\r\nmaster_replid2:def\r\n';
    expect(readReplication(info)).toEqual({ role: 'master', id: 'abc', previousId: 'def' });
  });
});
