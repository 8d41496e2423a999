import { assertWellFormed } from './plain.js';

/** React Native has no `isWellFormed` before version 0.84. */
const { isWellFormed } = String.prototype;

describe('the check for half of a surrogate pair on a platform without `isWellFormed`', () => {
  beforeAll(() => Reflect.deleteProperty(String.prototype, 'isWellFormed'));
  afterAll(() => Object.assign(String.prototype, { isWellFormed }));

  it.each(['', 'Zoë', '😀', 'a😀😀b'])('accepts %j', (text) => {
    expect(() => assertWellFormed(text)).not.toThrow();
  });

  it.each(['\ud83d', '\ude00', 'a\ude00\ud83d', '😀\ud83d'])('refuses %j', (text) => {
    expect(() => assertWellFormed(text)).toThrow('A string has half of a surrogate pair.');
  });
});
