import { z } from 'zod';
import { describeSchema, droppedField } from './standard-schema.js';

describe('a schema of zod', () => {
  it('is described as a JSON Schema', () => {
    expect(describeSchema(z.strictObject({ map: z.enum(['sea', 'land']), minutes: z.int().min(1).default(5) }))).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { map: { enum: ['sea', 'land'] }, minutes: { default: 5, minimum: 1 } },
    });
  });

  it('has no description when JSON Schema cannot express the schema', () => {
    expect(describeSchema(z.object({ at: z.date() }))).toBeNull();
  });
});

describe('droppedField', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, null],
    [{ a: 1 }, { a: 1, b: 'default' }, null],
    [{ a: 1, b: 2 }, { a: 1 }, 'b'],
    [{ clock: { minutes: 5, secs: 1 } }, { clock: { minutes: 5 } }, 'clock.secs'],
    [{ decks: [{ id: 1 }, { id: 2, x: 0 }] }, { decks: [{ id: 1 }, { id: 2 }] }, 'decks.1.x'],
    [{ fen: { text: 'x' } }, { fen: 'x' }, null],
    [{ a: [1, 2] }, { a: [1] }, null],
  ])('compares the input %j with the validated data %j and returns the path %j', (given, result, path) => {
    expect(droppedField(given, result)).toBe(path);
  });
});
