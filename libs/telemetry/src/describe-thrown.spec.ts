import { describeThrown } from './describe-thrown.js';

describe('the description of a thrown value', () => {
  it('has the name, message, code and stack of an error, and of its causes', () => {
    const cause = Object.assign(new TypeError('no address'), { code: 'ENOTFOUND', address: 'a secret' });
    expect(describeThrown(new Error('broken', { cause }))).toEqual({
      name: 'Error',
      message: 'broken',
      stack: expect.stringMatching(/^Error: broken\n {4}at /),
      cause: { name: 'TypeError', message: 'no address', code: 'ENOTFOUND', stack: expect.any(String) },
    });
    expect(describeThrown(new AggregateError([new Error('one')], 'all')).errors).toMatchObject([{ name: 'Error', message: 'one' }]);
  });

  it('has a name and a message for a value that is not an error', () => {
    expect(describeThrown('broken')).toEqual({ name: 'Error', message: 'broken' });
    expect(describeThrown(undefined)).toEqual({ name: 'Error', message: 'undefined' });
    expect(describeThrown({ code: 'busy', message: 'Try again.', retry: true })).toEqual({
      name: 'Error',
      message: 'Try again.',
      code: 'busy',
    });
  });

  it('is short, even for a value that cannot be converted to text', () => {
    expect(describeThrown('x'.repeat(1_000_000)).message.length).toBeLessThan(2_100);
    expect(describeThrown(Object.create(null))).toEqual({ name: 'Error', message: 'a thrown object that has no text' });
    expect(describeThrown(Object.assign(new Error('x'), { stack: Symbol('s') }))).toEqual({ name: 'Error', message: 'x' });
    const hostile = {
      toString(): string {
        throw new Error('no');
      },
    };
    expect(describeThrown(hostile)).toEqual({ name: 'Error', message: 'a thrown object that has no text' });
  });
});
