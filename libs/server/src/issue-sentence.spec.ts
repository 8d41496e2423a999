import { z } from 'zod';
import { describeFlawsForPeople } from './issue-sentence.js';

function flawOf(schema: z.ZodType, value: unknown): string {
  const { error } = schema.safeParse(value);
  return error?.issues[0]?.message ?? 'no flaw';
}

describe('the sentence about an invalid value', () => {
  const { customError } = z.config();
  beforeAll(() => describeFlawsForPeople());
  afterAll(() => void z.config({ customError }));

  it.each<[string, z.ZodType, unknown]>([
    ['must be text', z.string(), 7],
    ['is missing, and must be a number', z.number(), undefined],
    ['must be a whole number', z.int(), 1.5],
    ['must be true or false', z.boolean(), 'x'],
    ['must be an object', z.object({}), 'x'],
    ['must be a list', z.array(z.string()), 'x'],
    ['must have at most 3 characters', z.string().max(3), 'four'],
    ['must have at least 3 characters', z.string().min(3), 'ab'],
    ['must be at most 5', z.int().max(5), 6],
    ['must be more than 0', z.number().positive(), 0],
    ['must have at most 1 elements', z.array(z.int()).max(1), [1, 2]],
    ['must be a multiple of 5', z.number().multipleOf(5), 4],
    ['must match /^[a-h][1-8]$/', z.string().regex(/^[a-h][1-8]$/), 'i9'],
    ['must be a valid email', z.email(), 'x'],
    ['must be q, r or n', z.enum(['q', 'r', 'n']), 'k'],
    ['must not have b or c', z.strictObject({}), { b: 1, c: 2 }],
    ['has none of the allowed forms', z.union([z.string(), z.number()]), true],
    ['has a key that is not allowed', z.record(z.string().regex(/^a/), z.number()), { b: 1 }],
    ['is not valid', z.string().refine(() => false), 'x'],
  ])('describes the flaw of the value: %s', (sentence, schema, value) => {
    expect(flawOf(schema, value)).toBe(sentence);
  });

  it('is the message of the schema when the schema defines a message', () => {
    expect(flawOf(z.string().max(3, 'must be short'), 'four')).toBe('must be short');
    expect(flawOf(z.string('a name, please'), 7)).toBe('a name, please');
  });

  it('names only a few of many unknown keys', () => {
    const keys = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`key-${at}-${'x'.repeat(1_000)}`, 1]));
    expect(flawOf(z.strictObject({}), keys).length).toBeLessThan(500);
  });
});
