import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, LogLevel, ReflectionKind } from 'typedoc';
import { ROOT } from '../process/paths.mjs';
import { REFERENCE } from './reference-entries.mjs';

/** The folder of the generated pages. VitePress reads pages from the tree of the repository only; git ignores this folder. */
export const REFERENCE_FOLDER = fileURLToPath(new URL('reference', import.meta.url));

/** Declarations of these kinds need a docstring: all exports, and the methods of exported classes and interfaces. */
const DOCUMENTED = /** @type {const} */ (['Class', 'Interface', 'Function', 'Variable', 'TypeAlias', 'Enum']);

/**
 * Writes the pages of the reference, one for each entry of a public package, from the docstrings of the sources.
 *
 * @param {{ entries?: readonly import('./reference-entries.mjs').ReferenceEntry[], folder?: string }} [options]
 * @returns {Promise<string[]>} one sentence for each public declaration without a docstring, and for each link whose target does not exist
 */
export async function writeReference({ entries = REFERENCE, folder = REFERENCE_FOLDER } = {}) {
  const out = await mkdtemp(join(tmpdir(), 'holdfast-reference-'));
  try {
    const problems = await generate(out, entries);
    await replacePages(out, folder, entries);
    return problems;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** @param {string} out @param {readonly import('./reference-entries.mjs').ReferenceEntry[]} entries */
async function generate(out, entries) {
  /** @type {string[]} */
  const problems = [];
  const application = await Application.bootstrapWithPlugins(
    /** @type {Partial<import('typedoc').TypeDocOptions>} */ ({
      entryPoints: entries.map(({ source }) => join(ROOT, source)),
      tsconfig: fileURLToPath(new URL('reference.json', import.meta.url)),
      plugin: ['typedoc-plugin-markdown'],
      logLevel: 'Warn',
      // Skips the check of the types, because `npm run lint` checks them.
      skipErrorChecking: true,
      readme: 'none',
      excludePrivate: true,
      excludeProtected: true,
      excludeInternal: true,
      excludeExternals: true,
      disableSources: true,
      sort: ['source-order'],
      groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
      validation: { notDocumented: true, notExported: false, invalidLink: true, invalidPath: true },
      requiredToBeDocumented: [...DOCUMENTED],
      out,
      outputFileStrategy: 'modules',
      hidePageHeader: true,
      useHTMLAnchors: true,
      hideBreadcrumbs: true,
      parametersFormat: 'table',
      typeDeclarationFormat: 'table',
      useCodeBlocks: true,
    }),
  );
  application.logger.log = (message, level) => {
    // Ignores the warning about a signature inside of a type, because the docstring of the type describes it.
    if (level >= LogLevel.Warn && !message.includes('.__type.')) problems.push(message);
  };
  const project = await application.convert();
  if (!project) return problems;
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const entry = entries.find(({ source }) => source === `${module.name}.ts` || source === `${module.name}/index.ts`);
    if (entry) module.name = entry.page;
  }
  application.validate(project);
  await application.generateOutputs(project);
  return problems;
}

/**
 * Replaces the generated pages of the last build. The title of each page is the name of its entry.
 *
 * @param {string} from @param {string} to @param {readonly import('./reference-entries.mjs').ReferenceEntry[]} entries
 */
async function replacePages(from, to, entries) {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  for (const { page, name, about } of entries) {
    const body = (await readFile(join(from, `${page}.md`), 'utf8')).replace(/^# .*\n/, '');
    await writeFile(join(to, `${page}.md`), `# ${name}\n\n${about}\n${body}`);
  }
  await writeFile(join(to, 'index.md'), indexPage(entries));
}

/** Pure: returns the page that lists the entries. @param {readonly import('./reference-entries.mjs').ReferenceEntry[]} entries */
function indexPage(entries) {
  const rows = entries.map(({ page, name, about }) => `| [${name}](${page}.md) | ${about} |`);
  const intro = 'All exports of the public packages, from the docstrings of their sources.';
  return `# Reference\n\n${intro}\n\n| entry | has |\n| --- | --- |\n${rows.join('\n')}\n`;
}
