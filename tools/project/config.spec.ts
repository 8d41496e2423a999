import { checkConfig } from './config.mjs';

describe('holdfast.config.json', () => {
  it('has the default of every field when the file is missing or empty', () => {
    const entries = { gateway: 'dist/gateway.js', lobby: 'dist/lobby.js', game: 'dist/game.js' };
    expect(checkConfig({}, true)).toEqual({ config: { entries, watch: ['src'], tsconfig: 'tsconfig.json' } });
    expect(checkConfig({}, false)).toEqual({ config: { entries, watch: ['src'], tsconfig: null } });
  });

  it('replaces only the defaults of the fields that the file contains', () => {
    expect(checkConfig({ entries: { game: 'src/game.js' }, tsconfig: null }, true)).toEqual({
      config: { entries: { gateway: 'dist/gateway.js', lobby: 'dist/lobby.js', game: 'src/game.js' }, watch: ['src'], tsconfig: null },
    });
  });

  it('is refused with a list of all its problems', () => {
    expect(checkConfig({ entrys: {}, entries: { gatway: 'a.js', game: 1 }, watch: 'src', tsconfig: '' }, false)).toEqual({
      problems: [
        'entrys is not known: allowed are entries, watch, tsconfig.',
        'entries.gatway is not known: allowed are gateway, lobby, game.',
        'entries.game is 1: it must be the path of a JavaScript file.',
        'watch is "src": it must be a list of folders, such as ["src"].',
        'tsconfig is "": it must be the path of a tsconfig.json, or null to compile nothing.',
      ],
    });
    expect(checkConfig([], false)).toEqual({
      problems: ['It is []: it must be an object such as { "entries": { "game": "dist/game.js" } }.'],
    });
  });
});
