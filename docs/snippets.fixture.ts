import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, posix } from 'node:path';

export const ROOT = join(__dirname, '..');

/** A fenced code block of a page. */
export interface Snippet {
  /** The page, from the root of the repository. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  /** The text after the language: the quoted file, `fragment`, or nothing. */
  readonly info: string;
  readonly code: string;
}

/** Returns all pages whose code blocks are checked: the documentation, and the READMEs of the repository, its packages and its template. */
export function pagesWithSnippets(): string[] {
  const docs = filesUnder('docs', /\.md$/);
  const packages = filesUnder('packages', /^packages\/[\w-]+\/README\.md$|\/templates\/base\/README\.md$/);
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...docs, ...packages].sort();
}

/** Returns the code blocks of a page. */
export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: info, 3: code, index }) => {
    const line = text.slice(0, index).split('\n').length;
    return { page, line, language: language as string, info: info as string, code: code as string };
  });
}

/**
 * Returns the quoted file, from the root of the repository. Its path begins at the folder of the page: docs/placement for
 * docs/placement.md.
 */
export function fileOf({ page, info }: Pick<Snippet, 'page' | 'info'>): string {
  return posix.normalize(posix.join(folderOf(page), info));
}

/**
 * Pure: returns the parts of a quotation that the file does not contain. An empty line, or a line with `// …`, ends a part. Lines between
 * the parts may be left out, and the indentation may be smaller than in the file.
 */
export function partsMissingIn(file: string, quotation: string): string[] {
  let rest = file;
  return quotation.split(/\n(?:\s*\/\/ …)?\n/).filter((part) => {
    const indented = ['', '  ', '    '].map((indent) => part.trimEnd().replace(/^(?=.)/gm, indent));
    const found = indented.find((text) => rest.includes(text));
    if (found === undefined) return true;
    rest = rest.slice(rest.indexOf(found) + found.length);
    return false;
  });
}

/** Returns all files that the tests load: each file that a spec imports, directly or through other files, or names as a path. */
export function testedFiles(): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const next of filesNamedIn(file)) visit(next);
  };
  for (const spec of filesUnder('.', /^(docs|games|libs|test)\/.*\.spec\.ts$/)) visit(spec);
  return found;
}

/** Returns the files of the repository in this folder whose path matches. */
export function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(path, pattern);
    return pattern.test(path) ? [path] : [];
  });
}

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.holdfast', 'npm', 'results']);

function folderOf(page: string): string {
  if (page.startsWith('docs/')) return page.replace(/\.md$/, '');
  return page.startsWith('packages/') ? 'docs/packages' : 'docs';
}

function filesNamedIn(file: string): string[] {
  const code = readFileSync(join(ROOT, file), 'utf8');
  const relative = [...code.matchAll(/(?:from|import|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(([, path]) =>
    posix.normalize(posix.join(dirname(file), path as string)),
  );
  const named = file.startsWith('test/') ? [...code.matchAll(/\b(?:docs|test)\/[\w./-]+\.tsx?\b/g)].map(([path]) => path) : [];
  return [...relative, ...named].flatMap((path) =>
    [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')]
      .map((each) => normalize(each))
      .filter((each) => /\.(ts|tsx|mjs)$/.test(each) && existsSync(join(ROOT, each)))
      .slice(0, 1),
  );
}
