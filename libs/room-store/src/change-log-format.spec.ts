import { logFormatOf } from './change-log-format.js';

it.each<[Parameters<typeof logFormatOf>[0], number]>([
  [{ durability: 'every-change' }, 1],
  [{ durability: 'every-change', draft: 'copy' }, 2],
  [{ durability: 'every-change', draft: 'auto' }, 2],
  [{ durability: 'every-change', draft: 'proxy' }, 1],
  [{ durability: 'every-change', joinable: true }, 2],
  [{ durability: 'every-change', bots: true }, 2],
  [{ durability: 'checkpoint', draft: 'copy', joinable: true }, 1],
  [{ durability: 'checkpoint', bots: true }, 2],
  [{ durability: 'none', bots: true }, 1],
])('the log of a game with %o has format %i', (definition, format) => {
  expect(logFormatOf(definition)).toBe(format);
});
