import { HoldfastError } from '#libs/protocol';
import { answerTo, storeFailureOf } from './store-failure.js';

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe('an error which means that Redis is unavailable', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ["READONLY You can't write against a read only replica.", 'readonly'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'oom'],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 3f1c, on @user_script:12.", 'oom'],
    [
      "ERR Error running script (call to f_3f1c): @user_script:3: @user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.",
      'oom',
    ],
    ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.', 'misconf'],
    ['NOREPLICAS Not enough good replicas to write.', 'noreplicas'],
    ['NOAUTH Authentication required.', 'noauth'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'wrongpass'],
    ["NOPERM this user has no permissions to run the 'set' command", 'noperm'],
    ["ERR The user executing the script can't run this command or subcommand script: 3c8b, on @user_script:7.", 'noperm'],
    ['CLUSTERDOWN The cluster is down', 'clusterdown'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'tryagain'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'masterdown'],
    ['BUSY Redis is busy running a script.', 'busy'],
    ['EXECABORT Transaction discarded because of previous errors.', 'execabort'],
    ['NOSCRIPT No matching script.', 'noscript'],
    ['ERR max number of clients reached', 'max-clients'],
  ])('gives the player the code `unavailable`: %s', (message, reason) => {
    expect(storeFailureOf(replyError(message))).toEqual({ reason, isCertain: true });
    expect(storeFailureOf(String(replyError(message)))).toEqual({ reason, isCertain: true });
    expect(answerTo(replyError(message))).toMatchObject({ code: 'unavailable', retry: true, retryAfterMs: 500 });
  });

  it.each([
    ["Stream isn't writeable and enableOfflineQueue options is false", 'away'],
    ['Connection is closed.', 'away'],
    ['Command timed out', 'timeout'],
    ["Socket timeout. Expecting data, but didn't receive any in 2500ms.", 'timeout'],
    ['Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option for details.', 'away'],
    ["Cluster isn't ready and enableOfflineQueue options is false", 'away'],
    ['Failed to refresh slots cache.', 'away'],
    ['All sentinels are unreachable. Retrying from scratch after 50ms. Last error: connect ECONNREFUSED', 'away'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'away'],
  ])('gives the player the code `unavailable`: %s', (message, reason) => {
    expect(storeFailureOf(new Error(message))?.reason).toBe(reason);
    expect(answerTo(new Error(message)).code).toBe('unavailable');
  });

  it('is recognized by its code when the error has no message', () => {
    const error = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    expect(storeFailureOf(error)).toEqual({ reason: 'away', isCertain: false });
  });
});

describe('an error that is not a failure of Redis', () => {
  it.each([
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'ERR syntax error',
    'BUSYGROUP Consumer Group name already exists',
    'the game said OOM to me',
    'the game said: Connection is closed.',
  ])('gives the player the code `internal`: %s', (message) => {
    expect(storeFailureOf(replyError(message))).toBeNull();
    expect(answerTo(replyError(message)).code).toBe('internal');
  });

  it('keeps its own code even when its message contains an error code of Redis', () => {
    expect(answerTo(new HoldfastError('room-full', 'OOM is what this room is called.')).code).toBe('room-full');
    expect(answerTo(null).code).toBe('internal');
    expect(answerTo({ message: 7 }).code).toBe('internal');
  });
});
