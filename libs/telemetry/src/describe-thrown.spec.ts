import { describeThrown } from './describe-thrown.js';

describe('describeThrown', () => {
  it('returns the stack of an error, or the text of any other value', () => {
    expect(describeThrown(new Error('broken'))).toMatch(/^Error: broken\n {4}at /);
    expect(describeThrown('broken')).toBe('broken');
    expect(describeThrown(undefined)).toBe('undefined');
  });

  it('returns at most 4,000 characters, even for a value without a text', () => {
    expect(describeThrown('x'.repeat(1_000_000)).length).toBe(4_000);
    expect(describeThrown(Object.create(null))).toBe('a thrown object that has no text');
    expect(describeThrown(Object.assign(new Error('x'), { stack: Symbol('s') }))).toBe('Symbol(s)');
    const hostile = {
      toString(): string {
        throw new Error('no');
      },
    };
    expect(describeThrown(hostile)).toBe('a thrown object that has no text');
  });
});
