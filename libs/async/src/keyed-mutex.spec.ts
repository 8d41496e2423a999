import { KeyedMutex } from './keyed-mutex.js';

describe('KeyedMutex', () => {
  it('runs tasks of one key in order, and tasks of different keys concurrently', async () => {
    const mutex = new KeyedMutex();
    const steps: string[] = [];
    const task =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        steps.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const outcomes = await Promise.allSettled([
      mutex.run('room', task('first', true)),
      mutex.run('room', task('second')),
      mutex.run('other', task('third')),
    ]);
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message))).toEqual([
      'first',
      'second',
      'third',
    ]);
    expect(steps.filter((step) => !step.startsWith('third'))).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(steps.indexOf('third begins')).toBeLessThan(steps.indexOf('first ends'));
    expect(await mutex.run('room', async () => 'fourth')).toBe('fourth');
  });
});
