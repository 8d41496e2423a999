import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { affectedTypes } from './affected-types.mjs';

const FILES = {
  'package.json': JSON.stringify({
    imports: { '#libs/one/deep': './dist/libs/one/deep.js', '#libs/*': { default: './dist/libs/*/index.js' } },
  }),
  'dist/gateway.js': "import { a } from './shared.js';\nimport '#libs/one';",
  'dist/lobby.js': "export * from './shared.js';\nconst later = await import('#libs/one/deep');",
  'dist/game.js': 'import \'reflect-metadata\';\nimport{rules}from"./rules.js";',
  'dist/shared.js': '',
  'dist/rules.js': "import { x } from './more/rules.js';",
  'dist/more/rules.js': "import './../rules.js';",
  'dist/libs/one/index.js': '',
  'dist/libs/one/deep.js': '',
  'dist/extension.js': '',
};

describe('the types of servers that an edit affects', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-affected-'));
    for (const [file, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  function affected(files: readonly string[], env: NodeJS.ProcessEnv = {}): string[] {
    const entries = { gateway: join(root, 'dist/gateway.js'), lobby: join(root, 'dist/lobby.js'), game: join(root, 'dist/game.js') };
    return [
      ...affectedTypes(
        files.map((file) => join(root, file)),
        { root, entries },
        env,
      ),
    ];
  }

  it.each([
    [['dist/rules.js'], ['game']],
    [['dist/more/rules.js', 'dist/more/rules.js.map'], ['game']],
    [['dist/shared.js'], ['gateway', 'lobby']],
    [['dist/libs/one/index.js'], ['gateway']],
    [['dist/libs/one/deep.js'], ['lobby']],
    [
      ['dist/rules.js', 'dist/gateway.js'],
      ['gateway', 'game'],
    ],
    [['dist/unused.js'], []],
    [['dist/rules.js.map'], []],
  ])('are, for %j, the types that load the file: %j', (files, types) => {
    expect(affected(files)).toEqual(types);
  });

  it('are all types for a file that is not JavaScript', () => {
    expect(affected(['dist/more/verb.lua'])).toEqual(['gateway', 'lobby', 'game']);
  });

  it('are all types for a file that the setting EXTENSIONS names', () => {
    expect(affected(['dist/extension.js'], { EXTENSIONS: 'dist/other.js, dist/extension.js' })).toEqual(['gateway', 'lobby', 'game']);
  });
});
