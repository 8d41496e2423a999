import {
  describe as lineOf,
  problemsOfAllNames,
  problemsOfFile,
  problemsOfLinks,
  problemsOfNames,
  problemsOfSources,
} from './prose/check.mjs';
import { CLEAN } from './prose/clean.mjs';
import { anchorsOf, targetsOf } from './prose/links.mjs';

describe('the text of the repository', () => {
  it('follows STYLE.md in each folder that is listed as clean (npm run prose)', () => {
    expect(problemsOfSources(CLEAN).map(lineOf)).toEqual([]);
  });

  it('has a unique name for each exported type and each log event', () => {
    expect(problemsOfAllNames().map(lineOf)).toEqual([]);
  });

  it('has no broken link', () => {
    expect(problemsOfLinks().map(lineOf)).toEqual([]);
  });
});

describe('the check of comments', () => {
  const problems = (code: string, path = 'sample.ts') => problemsOfFile(path, code).map(lineOf);
  const words = (count: number) => Array.from({ length: count }, () => 'w').join(' ');

  it.each([
    '// Who says nothing is closed.',
    '// What a room needs of its session.',
    '/** Whose index there is. */',
    '/** Of the servers that answered. */',
    '/** As a browser sends it. */',
    '/**\n * To one who was away: the last state.\n */',
    '// The room ends. Whoever was in it is told.',
    '/** @returns what was stored */',
  ])('rejects the headless clause in %j', (code) => {
    expect(problems(code)).toEqual([expect.stringMatching(/^sample\.ts:\d+: begins with "/)]);
  });

  it.each([
    '// The gateway closes a connection that says nothing.',
    '// As long as Redis is away, the owner keeps the change.',
    '// Who may vote?',
    '// A room ends. As Orleans does, the owner goes first.',
    '/** @param who the player */',
    '// biome-ignore lint/x: as documented',
  ])('accepts the comment %j', (code) => {
    expect(problems(code)).toEqual([]);
  });

  it('rejects a sentence of 36 words, and accepts a sentence of 35 words', () => {
    expect(problems(`// ${words(20)}\n// ${words(15)}.`)).toEqual([]);
    expect(problems(`// ${words(20)}\n// ${words(16)}.`)).toEqual([expect.stringContaining('sample.ts:1: a sentence of 36 words')]);
    expect(problems(`/**\n * Short.\n *\n * ${words(30)}\n * ${words(6)}.\n */`)).toEqual([expect.stringContaining('sample.ts:4:')]);
  });

  it('rejects a comment line of 141 characters, unless the line has a tag with a type', () => {
    const line = `// ${'a'.repeat(137)}`;
    expect(problems(line)).toEqual([]);
    expect(problems(`\n${line}a`)).toEqual(['sample.ts:2: is a line of 141 characters; wrap it at 140']);
    expect(problems(`/** @param {${'a'.repeat(140)}} value */`)).toEqual([]);
  });

  it('counts text in backticks as one word, and each list item as a sentence', () => {
    expect(problems(`// ${words(34)} \`${words(9)}\`.`)).toEqual([]);
    expect(
      problems(`/**\n * - ${words(20)}\n * - ${words(20)}\n *\n * ${words(20)}\n *\n * ${words(20)}\n * @returns ${words(20)}\n */`),
    ).toEqual([]);
  });

  it('ignores code blocks, examples and tables', () => {
    expect(problems(`/**\n * Text.\n *\n *     ${words(50)}\n *\n * | ${words(50)} |\n *\n * @example\n * ${words(50)}\n */`)).toEqual([]);
  });

  it('ignores the keys and arguments of a Lua script, but not its sentences', () => {
    const head = (rest: number) =>
      `-- Text.\n--\n-- KEYS  1 ${words(20)}\n-- ARGV  1 ${words(20)}\n--       2 ${words(20)}\n-- ${words(rest)}`;
    expect(problems(head(35), 'sample.lua')).toEqual([]);
    expect(problems(head(36), 'sample.lua')).toEqual([expect.stringContaining('sample.lua:6: a sentence of 36 words')]);
  });

  it('ignores comment marks in strings, templates and regular expressions', () => {
    const code = [
      "const a = '// Who is it.';",
      'const b = `// What is it. ${' + '"/* Who */"' + '} // Whose.`;',
      'const c = /\\/\\/ What [/*]/;',
      'const d = 4 / 2; // The gateway divides.',
    ].join('\n');
    expect(problems(code)).toEqual([]);
    expect(problems(`${code}\nconst e = c / 2; // What is left.`)).toEqual([expect.stringMatching(/^sample\.ts:5: begins with "What"/)]);
  });

  it('checks the comments of a Lua script, but not its strings', () => {
    const code = ['-- The room is fenced.', 'local a = "-- Who is it."', "local b = '-- What'", 'local c = [[', '-- Whose', ']]'].join(
      '\n',
    );
    expect(problems(code, 'sample.lua')).toEqual([]);
    expect(problems(`${code}\nlocal d = 1 -- What is left.\n--[[ Who\nis it. ]]`, 'sample.lua')).toEqual([
      expect.stringMatching(/^sample\.lua:7: begins with "What"/),
      expect.stringMatching(/^sample\.lua:8: begins with "Who"/),
    ]);
  });

  it('reports a missing page that a comment names', () => {
    expect(problems('// See `docs/security.md`.')).toEqual([]);
    expect(problems('// See `docs/no-such-page.md`.')).toEqual([expect.stringContaining('names docs/no-such-page.md')]);
  });
});

describe('the check of test names', () => {
  const problems = (code: string) => problemsOfFile('sample.spec.ts', code).map(lineOf);

  it.each([
    "describe('of servers', () => {});",
    "it('what strangers send is refused', () => {});",
    "it.each([1, 2])('whose client reads nothing is closed: %s', () => {});",
    "it.skip('who leaves', () => {});",
    'test(`as $' + '{kind}`, () => {});',
  ])('rejects the name in %j', (code) => {
    expect(problems(code)).toEqual([expect.stringContaining('sample.spec.ts:1: test name begins with')]);
  });

  it.each(["it('rejects a resume whose secret was rotated twice', () => {});", "rooms.it2('what', 1);", "submit('what is it');"])(
    'accepts the name in %j',
    (code) => {
      expect(problems(code)).toEqual([]);
    },
  );
});

describe('the check of type names and log events', () => {
  const problems = (...codes: string[]) => problemsOfNames(codes.map((code, at) => ({ path: `${at}.ts`, code }))).map(lineOf);

  it('reports two exported types of one name', () => {
    expect(problems('export interface Asked {}', 'export type Asked = string;')).toEqual([
      '1.ts:1: exports a type named Asked, as 0.ts:1 does',
    ]);
    expect(problems('export class A {}', 'export { A } from "./a.js"; export const A2 = 1;', 'interface A {}')).toEqual([]);
    expect(problems('export const A = 1; export type A = typeof A;')).toEqual([]);
  });

  it('reports a type that is exported again under the name of another type, but not under its own name', () => {
    const named = '1.ts:1: exports a type named Asked, as 0.ts:1 does';
    expect(problems('export class Asked {}', 'interface Asked {} export type { Asked };')).toEqual([named]);
    expect(problems('export class Asked {}', 'interface B {} export { type B as Asked };')).toEqual([named]);
    expect(problems('export class Asked {}', "export type { B as Asked } from './b.js';")).toEqual([named]);
    expect(problems('export class Asked {}', "export { Asked } from './a.js';", "export { b as a, B as B_MAX } from './b.js';")).toEqual(
      [],
    );
  });

  it('compares the names of shipped code and the names of each tool separately', () => {
    const code = 'export interface Target {}';
    const among = (...paths: string[]) => problemsOfNames(paths.map((path) => ({ path, code }))).map(lineOf);
    expect(among('libs/a/src/a.ts', 'bench/b.ts', 'tools/c/src/c.ts', 'tools/d/src/d.ts')).toEqual([]);
    expect(among('libs/a/src/a.ts', 'libs/a/src/a.fixture.ts', 'libs/a/test/a.ts')).toEqual([]);
    expect(among('libs/a/src/a.ts', 'apps/b/src/b.ts')).toHaveLength(1);
    expect(among('tools/c/src/c.ts', 'tools/c/src/d.ts')).toHaveLength(1);
  });

  it('reports a log event whose name two source files use', () => {
    const migrated = "this.log.info('room.migrated', { room });";
    expect(problems(migrated, migrated)).toEqual([expect.stringContaining('1.ts:1: logs the event room.migrated, as 0.ts:1 does')]);
    expect(problems(migrated, "log.warn('room.upgraded');", "console.info('room.migrated');")).toEqual([]);
    expect(problems(`${migrated}\n${migrated}`)).toEqual([]);
  });

  it('reports a log call that writes an error as text', () => {
    expect(problems("log.warn('a.failed', { error: String(error) });")).toEqual([expect.stringContaining('pass the error itself')]);
    expect(problems("log.warn('a.failed', { error });")).toEqual([]);
  });
});

describe('the check of links in the docs', () => {
  it('finds links, pictures and paths outside of code blocks', () => {
    const page = [
      '[a](a.md) and [b](b.md#c "title"), [web](https://example.org)',
      '<img src="c.svg">',
      '`docs/d.md` and `src/e.ts`',
      '```',
      '[no](no.md)',
      '```',
      '`[code](no.md)`',
    ].join('\n');
    expect(targetsOf(page)).toEqual({
      links: [
        { line: 1, target: 'a.md' },
        { line: 1, target: 'b.md#c' },
        { line: 2, target: 'c.svg' },
      ],
      paths: [{ line: 3, target: 'docs/d.md' }],
    });
  });

  it('derives anchors from headings as GitHub does', () => {
    const anchors = anchorsOf('# One `two`: three\n## Same\n## Same\n```\n# code\n```\n');
    expect([...anchors]).toEqual(['one-two-three', 'same', 'same-1']);
  });
});
