import { judgeMove, OLD_GONE, type Replication, readReplication } from './replication.js';

const replication = (role: string, id: string, previousId = '0'): Replication => ({ role, id, previousId });
const silence = { failures: 0, ms: 0 };

describe('a server that finds a new address in REDIS_URL_FILE', () => {
  it('moves when the new Redis has become the primary and the old Redis is its replica', () => {
    const [old, next] = [replication('slave', 'b', 'a'), replication('master', 'b', 'a')];
    expect(judgeMove({ old, next, silence, history: 'a' })).toBe('move');
  });

  it('moves even when the two Redis servers changed roles before it found the new address', () => {
    const [old, next] = [replication('slave', 'b', 'a'), replication('master', 'b', 'a')];
    expect(judgeMove({ old, next, silence, history: null })).toBe('move');
  });

  it.each([
    [{ failures: 1, ms: 0 }, 'old-silent'],
    [{ failures: OLD_GONE.failures - 1, ms: 60_000 }, 'old-silent'],
    [{ failures: 100, ms: OLD_GONE.ms - 1 }, 'old-silent'],
    [OLD_GONE, 'move'],
  ] as const)('after these failed requests to the old Redis: %j, decides `%s`', (failed, verdict) => {
    expect(judgeMove({ old: null, next: replication('master', 'b', 'a'), silence: failed, history: 'a' })).toBe(verdict);
  });

  it.each([
    ['the new Redis does not answer', 'unreachable', replication('master', 'a'), null],
    ['the new Redis is still a replica', 'replica', replication('master', 'a'), replication('slave', 'a')],
    ['the old Redis still takes writes', 'old-primary', replication('master', 'a'), replication('master', 'b', 'a')],
    ['the new Redis has other data', 'other-data', replication('slave', 'x'), replication('master', 'c')],
    ['the old Redis is gone and the new one is empty', 'other-data', null, replication('master', 'c')],
  ] as const)('stays at the old Redis while %s', (_, reason, old, next) => {
    expect(judgeMove({ old, next, silence, history: 'a' })).toBe(reason);
  });

  it('reads the role and the replication ids from the answer of Redis', () => {
    const info = '# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:abc\r\nmaster_replid2:def\r\n';
    expect(readReplication(info)).toEqual({ role: 'master', id: 'abc', previousId: 'def' });
  });
});
