import { playerMessageFromJson } from './codec.js';
import { parsePlainJson } from './plain-json.js';
import { NESTING_MAX, NotPlainError, PLAYER_LIMITS } from './plain-value.js';

const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
const wide = (items: number): string => `[${new Array(items).fill('0').join()}]`;

describe('JSON from a player', () => {
  it.each([
    ['invalid JSON', '{"secret":"hunter2'],
    ['a key __proto__', '{"a":[{"__proto__":{"polluted":1}}]}'],
    ['an escaped key __proto__', '{"\\u005f_proto__":1}'],
    ['half of a surrogate pair', '["\\ud83d"]'],
    ['half of a surrogate pair in a key', '{"\\udca5":1}'],
    ['half of a surrogate pair that is no escape', '["\ud83d"]'],
    ['half of a surrogate pair in upper case', '["\\uD83D"]'],
    ['an integer that JavaScript rounds', '{"id":738529527931269425}'],
    ['a negative integer that JavaScript rounds', '[1,-9007199254740993]'],
    ['too many values', wide(65_536)],
    ['nesting above the limit', nested(NESTING_MAX + 1)],
    ['nesting far above the limit', nested(100_000)],
  ])('is refused with an error that quotes nothing from the player when the JSON has %s', (_name, json) => {
    expect(() => parsePlainJson(json, PLAYER_LIMITS)).toThrow(NotPlainError);
    expect(() => playerMessageFromJson(`{"kind":"request","id":1,"operation":"me","data":${json}}`)).toThrow(
      expect.objectContaining({ code: 'bad-frame', message: expect.not.stringContaining('hunter2') }),
    );
  });

  it.each([
    ['at the maximum depth', nested(NESTING_MAX)],
    ['with the maximum number of values', wide(65_000)],
    ['with the largest exact integers', '[9007199254740991,-9007199254740991]'],
    [
      'with large numbers as JavaScript writes them',
      `${JSON.stringify([2 ** 60, 1e300, -(2 ** 53), 1.5e-300]).slice(0, -1)},12345678901234567.5]`,
    ],
    ['with many digits in a text', '{"id 738529527931269425":"\\"738529527931269425","x":1e17}'],
    ['with a complete surrogate pair', '["\\ud83d\\udca5"]'],
    ['with keys that are names of functions', '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
  ])('is accepted %s', (_name, json) => {
    expect(playerMessageFromJson(`{"kind":"request","id":1,"operation":"me","data":${json}}`)).toMatchObject({ data: JSON.parse(json) });
  });
});
