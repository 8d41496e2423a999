import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOf, filesUnder, pagesWithSnippets, partsMissingIn, ROOT, type Snippet, snippetsOf, testedFiles } from './snippets.fixture.js';

const snippets = pagesWithSnippets().flatMap(snippetsOf);
const CODE = new Set(['ts', 'tsx', 'js', 'mjs']);
/** Code that another test takes from the page and runs. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = { 'docs/protocol.md': 'libs/client/src/protocol-script.spec.ts' };
/** Programs that no test starts: servers that differ in one line from those of `test/examples.spec.ts`, and a part of the players' page. */
const COMPILED_ONLY = new Set([
  'docs/extending/start.ts',
  'docs/packages/game.ts',
  'docs/writing-a-game/games/rock-paper-scissors/page/index.ts',
]);
/** The files of created projects. `test/create.spec.ts` compiles and runs them. */
const OF_PROJECTS = /^(packages\/create-holdfast\/templates|docs\/learn\/project)\//;
/** The number of fragments on all pages: code that cannot stand alone, so no test compiles it. Prefer a quotation of a file. */
const FRAGMENTS_MAX = 0;

const code = snippets.filter(({ page, language }) => CODE.has(language) && !(language === 'js' && RUN_ELSEWHERE[page]));
const quotations = code.filter(({ info }) => info !== 'fragment');
const place = ({ page, line }: Snippet) => `${page}:${line}`;

describe('a code block of the documentation', () => {
  it('is marked with the file that it quotes, or as a fragment', () => {
    // Write ```ts FILE: the path of a tested file, from the folder of the page. ```ts fragment: see FRAGMENTS_MAX.
    expect(code.filter(({ info }) => info === '').map(place)).toEqual([]);
    expect(code.filter(({ info }) => info === 'fragment').map(place).length).toBeLessThanOrEqual(FRAGMENTS_MAX);
  });

  it.each(quotations.map((quotation) => [place(quotation), fileOf(quotation), quotation] as const))(
    'at %s is a part of %s',
    (_, file, { code }) => {
      expect(partsMissingIn(readFileSync(join(ROOT, file), 'utf8'), code)).toEqual([]);
    },
  );

  it('quotes a file that the tests load, unless it is one of the few that are only compiled', () => {
    const tested = testedFiles();
    const quoted = quotations.map(fileOf);
    const examples = filesUnder('docs', /\.tsx?$/).filter((file) => !/\.(spec|fixture)\.tsx?$/.test(file));
    expect(
      [...new Set([...quoted, ...examples])].filter((file) => !tested.has(file) && !OF_PROJECTS.test(file) && !COMPILED_ONLY.has(file)),
    ).toEqual([]);
  });

  it('is valid JSON when it is marked as JSON', () => {
    for (const { code } of snippets.filter(({ language }) => language === 'json')) expect(() => JSON.parse(code)).not.toThrow();
  });

  it('names only commands that exist', () => {
    const scripts = Object.keys(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts);
    const template = JSON.parse(readFileSync(join(ROOT, 'packages/create-holdfast/templates/base/_package.json'), 'utf8'));
    const known = new Set([...scripts, ...Object.keys(template.scripts)]);
    const named = snippets
      .filter(({ language }) => language === 'sh')
      .flatMap((snippet) => [...snippet.code.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => [place(snippet), name as string]));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(([, name]) => !known.has(name as string))).toEqual([]);
  });
});
