import { Turns } from './turns.js';

describe('turns', () => {
  it('are taken one after the other about one thing, whatever becomes of each, and side by side about others', async () => {
    const turns = new Turns();
    const said: string[] = [];
    const task =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        said.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        said.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const outcomes = await Promise.allSettled([
      turns.take('room', task('first', true)),
      turns.take('room', task('second')),
      turns.take('other', task('third')),
    ]);
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message))).toEqual([
      'first',
      'second',
      'third',
    ]);
    expect(said.filter((what) => !what.startsWith('third'))).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(said.indexOf('third begins')).toBeLessThan(said.indexOf('first ends'));
    // Nothing is kept of what is over.
    expect(await turns.take('room', async () => 'again')).toBe('again');
  });
});
