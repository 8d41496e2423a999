import { eventually, until } from './until.mjs';

describe('until', () => {
  it('returns the first truthy result of the condition', async () => {
    const results = [0, '', null, 'ready', 'later'];
    expect(await until(() => results.shift())).toBe('ready');
    expect(await until(async () => results.shift())).toBe('later');
  });

  it('throws an error with the condition that was not met in time', async () => {
    const isOpen = false;
    await expect(until(() => isOpen, 20)).rejects.toThrow('The condition was not met within 20 ms: ()=>isOpen');
  });

  it('repeats a condition that throws, and throws the last error of the condition after the deadline', async () => {
    let attempts = 0;
    const fails = (times: number) => (): boolean => {
      if (++attempts <= times) throw new Error(`attempt ${attempts}`);
      return true;
    };
    expect(await until(fails(3))).toBe(true);
    const failure = await until(fails(Number.POSITIVE_INFINITY), 20).catch((error) => error);
    expect(failure.message).toBe(`attempt ${attempts}`);
  });

  it('throws no error of an earlier attempt when the last attempt threw none', async () => {
    let attempts = 0;
    const failsOnce = (): boolean => {
      if (++attempts === 1) throw new Error('the first attempt');
      return false;
    };
    await expect(until(failsOnce, 20)).rejects.toThrow('The condition was not met');
  });

  it('waits by the real clock when a test fakes the global clock', async () => {
    jest.useFakeTimers();
    try {
      let attempts = 0;
      await until(() => ++attempts > 5);
      await expect(until(() => false, 20)).rejects.toThrow('within 20 ms');
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('eventually', () => {
  it('repeats the assertion until it passes, and throws its last failure after the deadline', async () => {
    let count = 0;
    await eventually(() => expect(++count).toBe(4));
    await expect(eventually(async () => expect(count).toBe(5), 20)).rejects.toThrow('Expected: 5');
  });
});
