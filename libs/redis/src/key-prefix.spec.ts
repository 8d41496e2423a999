import type { keyPrefix, redisName, setKeyPrefix } from './key-prefix.js';

interface Prefixes {
  readonly keyPrefix: typeof keyPrefix;
  readonly redisName: typeof redisName;
  readonly setKeyPrefix: typeof setKeyPrefix;
}

/** Loads the module again. The new copy has the state of a new process. */
function newProcess(): Prefixes {
  let fresh!: Prefixes;
  jest.isolateModules(() => {
    fresh = require('./key-prefix.js') as Prefixes;
  });
  return fresh;
}

describe('redisName', () => {
  it('begins with `hf` in a process without a prefix', () => {
    expect(newProcess().redisName('room:{1}')).toBe('hf:room:{1}');
  });

  it('begins with the prefix of the process, even when the process sets this prefix twice', () => {
    const process = newProcess();
    process.setKeyPrefix('blue');
    expect(process.redisName('servers')).toBe('blue:servers');
    process.setKeyPrefix('blue');
    expect(process.keyPrefix()).toBe('blue');
  });

  it('refuses a second, different prefix in a process', () => {
    const process = newProcess();
    process.redisName('servers');
    expect(() => process.setKeyPrefix('blue')).toThrow('This process has built names with the prefix "hf", so it cannot use "blue".');
    expect(process.redisName('servers')).toBe('hf:servers');
  });

  it.each(['', 'a:b', '{a}', 'a*', '.a', 'x'.repeat(33)])('refuses the prefix %j', (prefix) => {
    expect(() => newProcess().setKeyPrefix(prefix)).toThrow('is not a prefix for Redis');
  });
});
