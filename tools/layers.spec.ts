import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** Checks the imports by the layer table of ARCHITECTURE.md. To move a library to another layer, change the table. */
const ROOT = join(__dirname, '..');
const table = layerTable(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'));
const files = ['apps', 'libs', 'games'].flatMap((folder) => sourcesUnder(folder)).map(parse);
const servers = files.filter((file) => !file.isSpec && !file.isPage);

/** The only allowed imports between libraries in the same row of the layer table. */
const SIDEWAYS: Readonly<Record<string, readonly string[]>> = { 'libs/room': ['libs/protocol', 'libs/state-patch'] };
/** The folders of a large library, from the lowest to the highest layer. A folder may import only itself and lower folders. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'libs/edge': ['transport', 'session', 'connection', 'room', 'lobby', 'lifecycle'],
  'libs/matchmaking': ['strategy', 'ratings', 'tickets'],
  'libs/room-host': ['room', 'durability', 'engine', 'ownership', 'attachments'],
};
const PURE = ['libs/protocol', 'libs/room', 'libs/state-patch'];
/** Folders that must be pure, although other folders of their library need not be. */
const PURE_FOLDERS = ['libs/matchmaking/src/strategy/'];
/** Libraries for pages and for the tools with simulated players. No server imports these libraries. */
const BROWSER = ['libs/client', 'libs/game-page'];

describe('the layers in ARCHITECTURE.md', () => {
  it('contain each library and each app exactly once', () => {
    const present = [...new Set(files.map((file) => file.unit))].filter((unit) => !unit.startsWith('games/')).sort();
    expect(present.filter((unit) => !table.has(unit))).toEqual([]);
  });

  it('import only from lower layers', () => {
    const wrong = servers.flatMap(({ path, unit, imports }) =>
      imports
        .map(({ to }) => unitOf(to))
        .filter((target) => target !== null && target !== unit && table.has(target) && !mayImport(unit, target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('import other libraries only through their index', () => {
    const wrong = files.flatMap(({ path, unit, imports }) =>
      imports
        .filter(({ specifier, to }) => {
          if (specifier.startsWith('#')) return !isEntry(specifier);
          const target = unitOf(to);
          return specifier.startsWith('.') && target !== null && target !== unit;
        })
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('consist of the listed folders, which import only from lower folders', () => {
    const wrong = servers.flatMap(({ path, unit, imports }) => {
      const folders = FOLDERS[unit];
      const rank = folders?.indexOf(folderOf(path) ?? '') ?? -1;
      if (!folders || folderOf(path) === null) return [];
      if (rank === -1) return [`${path} is in a folder that is not listed`];
      return imports
        .filter(({ to }) => unitOf(to) === unit && folders.indexOf(folderOf(to) ?? '') > rank)
        .map(({ to }) => `${path} imports ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it('import no .mjs or .cjs file, because the build does not copy such files into dist/', () => {
    const compiled = [...files, ...['tools', 'bench'].flatMap((folder) => sourcesUnder(folder)).map(parse)];
    const wrong = compiled
      // The build bundles `tools/testing` into its package, and does not compile it into dist/.
      .filter(({ path, isSpec, isPage }) => !isSpec && !isPage && !/^tools\/testing\/|\.fixture\.ts$|\.d\.ts$/.test(path))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier, typeOnly, dynamic }) => !typeOnly && !dynamic && /^\..*\.(mjs|cjs)$/.test(specifier))
          .map(({ specifier }) => `${path} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  it('contain no import cycle', () => {
    expect(cycles(servers)).toEqual([]);
  });
});

describe('the code of a game', () => {
  it('imports only game-kit', () => {
    const wrong = servers
      .filter(({ unit }) => unit.startsWith('games/'))
      .flatMap(({ path, unit, imports }) =>
        imports
          .map(({ to }) => unitOf(to))
          .filter((target) => target !== null && target !== unit && target !== 'libs/game-kit')
          .map((target) => `${path} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('is imported only by apps/game and pages', () => {
    const wrong = servers.flatMap(({ path, unit, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith('#games/') && unit !== 'apps/game')
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the code of the client', () => {
  const client = servers.filter(({ unit }) => unit === 'libs/client');

  it('imports only pure libraries', () => {
    const allowed: readonly (string | null)[] = ['libs/client', ...PURE, null];
    const wrong = client.flatMap(({ path, imports }) =>
      imports.filter(({ to }) => !allowed.includes(unitOf(to))).map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('uses no modules of Node and no packages', () => {
    const loaded = new Set<string>();
    const load = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      for (const { to, typeOnly } of servers.find((file) => file.path === path)?.imports ?? []) if (!typeOnly) load(to);
    };
    load('libs/client/src/index.ts');
    load('libs/client/src/compact.ts');
    load('libs/client/src/realtime.ts');
    load('libs/client/src/chat.ts');
    load('libs/client/src/lobby.ts');
    expect([...loaded].filter((path) => unitOf(path) === null)).toEqual([]);
  });
});

describe('pure code', () => {
  const IMPURE = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bcrypto\.|\bset(Timeout|Interval|Immediate)\b|\bprocess\./;

  it('uses no clock, randomness, timer or Node module', () => {
    const wrong = servers
      .filter(({ unit, path }) => PURE.includes(unit) || PURE_FOLDERS.some((folder) => path.startsWith(folder)))
      .flatMap(({ path, code, imports }) => [
        ...(IMPURE.exec(code) ?? []).slice(0, 1).map((found) => `${path} uses ${found}`),
        ...imports.filter(({ specifier }) => specifier.startsWith('node:')).map(({ specifier }) => `${path} imports ${specifier}`),
      ]);
    expect(wrong).toEqual([]);
  });
});

describe('the check of the layers', () => {
  it('finds imports in every form, but not in comments', () => {
    const code = `
      import './a.js';
      import b from './b.js';
      import {
        type C,
        d,
      } from './c.js';
      export * from './e.js';
      const f = await import('./f.js');
      // import './no.js';
      /* export * from './no.js'; */
      import type { G } from './g.js';
    `;
    const found = importsOf(withoutComments(code));
    expect(found.map(({ specifier }) => specifier)).toEqual(['./a.js', './b.js', './c.js', './e.js', './g.js', './f.js']);
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(['./g.js']);
  });

  it('finds an import cycle', () => {
    const file = (path: string, to: string) => ({ path, imports: [{ to, specifier: '', typeOnly: false, dynamic: false }] });
    expect(cycles([file('a.ts', 'b.ts'), file('b.ts', 'c.ts'), file('c.ts', 'b.ts')])).toEqual(['b.ts → c.ts → b.ts']);
  });

  it('reads the order of the layers from ARCHITECTURE.md', () => {
    expect(table.get('apps/gateway')).toBeGreaterThan(table.get('libs/health') as number);
    expect(table.get('libs/health')).toBeGreaterThan(table.get('libs/redis') as number);
  });
});

interface Import {
  readonly specifier: string;
  /** The path of the imported file from the repository's root. For a package, the specifier of the import. */
  readonly to: string;
  readonly typeOnly: boolean;
  /** True: this is a dynamic import, `import(…)`. */
  readonly dynamic: boolean;
}

/**
 * Parses rows such as ` 3 health placement verdicts; choices`. The number is the layer. `-` marks the client, which may import only the
 * pure libraries.
 */
function layerTable(markdown: string): ReadonlyMap<string, number> {
  const section = markdown.split('## Layers')[1].split('\n## ')[0];
  const layers = new Map<string, number>();
  for (const [, layer, names] of section.matchAll(/^ {4}(\d|-) {2}(\S+(?: {2}\S+)*)/gm)) {
    for (const name of names.split('  ')) {
      const unit = name.startsWith('apps/') ? name : `libs/${name}`;
      if (layers.has(unit)) throw new Error(`ARCHITECTURE.md names ${unit} twice`);
      layers.set(unit, layer === '-' ? 0.5 : Number(layer));
    }
  }
  return layers;
}

function mayImport(unit: string, target: string): boolean {
  if (SIDEWAYS[unit]?.includes(target)) return true;
  // Games are not in the table, so they may import all layers. Another test checks that a game imports only game-kit.
  return (table.get(unit) ?? Number.POSITIVE_INFINITY) > (table.get(target) as number) && !BROWSER.includes(target);
}

function parse(path: string) {
  const code = withoutComments(readFileSync(join(ROOT, path), 'utf8'));
  const imports = importsOf(code).map((found) => ({ ...found, to: resolve(path, found.specifier) }));
  return { path, unit: unitOf(path) as string, code, imports, isSpec: /\.spec\.ts$/.test(path), isPage: /\/(game-)?page\//.test(path) };
}

function importsOf(code: string): Omit<Import, 'to'>[] {
  const statements = [...code.matchAll(/^\s*(?:import|export)\s+(?:(type)\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]/gm)];
  const calls = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)];
  return [
    ...statements.map(([, type, specifier]) => ({ specifier, typeOnly: type === 'type', dynamic: false })),
    ...calls.map(([, specifier]) => ({ specifier, typeOnly: false, dynamic: true })),
  ];
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Returns whether package.json contains this import. Such an import is the index of a library or game, or another entry of the client. */
function isEntry(specifier: string): boolean {
  return /^#(libs|games)\/[a-z-]+$/.test(specifier) || /^#libs\/client\/(chat|compact|lobby|node|realtime)$/.test(specifier);
}

function resolve(from: string, specifier: string): string {
  const own = /^#(libs|games)\/([^/]+)(?:\/([^/]+))?$/.exec(specifier);
  if (own) return `${own[1]}/${own[2]}/src/${own[3] ?? 'index'}.ts`;
  if (!specifier.startsWith('.')) return specifier;
  return join(dirname(from), specifier).split(sep).join('/').replace(/\.js$/, '.ts');
}

/**
 * Returns the library, app or game of a file, such as `libs/health`, `apps/game` or `games/chess`. Null: the file belongs to none of them.
 */
function unitOf(path: string): string | null {
  return /^(libs|apps|games)\/[^/]+/.exec(path)?.[0] ?? null;
}

/** Returns the folder of a library's file: `room` for `libs/edge/src/room/room-frames.ts`. Null: the file is directly in `src`. */
function folderOf(path: string): string | null {
  return /^libs\/[^/]+\/src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** Finds each cycle once, as a path. Ignores type-only imports, because they do not exist in the compiled code. */
function cycles(all: readonly { path: string; imports: readonly Import[] }[]): string[] {
  const graph = new Map(all.map(({ path, imports }) => [path, imports.filter(({ typeOnly }) => !typeOnly).map(({ to }) => to)]));
  const done = new Set<string>();
  const trail: string[] = [];
  const found: string[] = [];
  const visit = (path: string): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path) || trail.includes(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) =>
      relative(ROOT, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    );
}
