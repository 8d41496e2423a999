import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe } from './player-request.pipe.js';

const pipe = new PlayerRequestPipe(OPERATION_SCHEMAS['rooms.create']);
const create = (name: unknown) => pipe.transform({ caller: {} as never, data: { game: 'chess', name } }).data;

describe('the name of a room', () => {
  it.each([
    [undefined, undefined],
    ['', ''],
    ['  ', ''],
    ['  My \u3000 room ', 'My room'],
    ['👩‍🚀 only', '👩‍🚀 only'],
    ['x'.repeat(48), 'x'.repeat(48)],
  ])('is stored for the input %j as %j', (name, shown) => {
    expect(create(name)).toEqual({ game: 'chess', name: shown });
  });

  it.each([
    ['\u3164', 'The name has the character U+3164, which is not allowed: it is invisible'],
    ['a\u034fb', 'U+034F'],
    ['a\u202eb', 'U+202E'],
    ['a\nb', 'U+000A, which is not allowed: it is a control character'],
    ['x'.repeat(49), 'The name has 49 characters: at most 48 are allowed'],
    [7, 'expected string'],
  ])('is refused with the reason for the input %j', (name, reason) => {
    expect(() => create(name)).toThrow(expect.objectContaining({ code: 'bad-data', message: expect.stringContaining(reason) }));
  });
});

describe('the options in a request for a new room', () => {
  const withOptions = (options: unknown) => pipe.transform({ caller: {} as never, data: { game: 'chess', options } }).data;

  it.each([{ fen: 'x' }, {}, { deep: [{ a: null, b: [true, 1.5] }] }])('may be %j', (options) => {
    expect(withOptions(options)).toEqual({ game: 'chess', options });
  });

  it.each([
    ['a text', 'fen'],
    ['an array', ['fen']],
    ['bytes, which JSON cannot represent', { fen: new Uint8Array(2) }],
    ['a number that JSON cannot represent', { clock: Number.NaN }],
    ['more than 1024 bytes', { fen: 'ä'.repeat(512) }],
  ])('may not be %s', (_what, options) => {
    expect(() => withOptions(options)).toThrow(expect.objectContaining({ code: 'bad-data' }));
  });
});
