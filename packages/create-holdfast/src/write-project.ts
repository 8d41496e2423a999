import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { PackageManager } from './install.js';
import { Refusal } from './refusal.js';
import type { Template } from './templates.js';

export interface Project {
  readonly folder: string;
  readonly template: Template;
  /** The name of the npm package. */
  readonly name: string;
  /** The version of the packages of Holdfast. */
  readonly version: string;
  /** The program that installs the packages, also in the image and in CI. */
  readonly manager: PackageManager;
}

/** A part of a package.json: values, and objects of them. */
type Json = { [key: string]: Json | string | boolean | null };

/** The manifest of a layer. In the template the file is not named `package.json`, so that tools do not regard the template as a package. */
const MANIFEST = '_package.json';

/**
 * Writes the files of a new project, and replaces `{{name}}` and other facts of the project in them. It reads all files before it writes
 * the first one.
 *
 * @param templates the folder with the layers of all templates
 * @throws Refusal when the folder cannot be written
 * @returns the written files, relative to the folder of the project
 */
export async function writeProject(templates: string, project: Project): Promise<string[]> {
  const files = new Map<string, string>();
  let manifest: Json = {};
  for (const layer of [...project.template.layers, ...(project.manager === 'pnpm' ? ['pnpm'] : [])]) {
    const folder = join(templates, layer);
    for (const file of await filesIn(folder)) {
      const content = filled(await readFile(join(folder, file), 'utf8'), project);
      if (file === MANIFEST) manifest = merged(manifest, JSON.parse(content));
      else files.set(targetOf(file), content);
    }
  }
  files.set('package.json', `${JSON.stringify(sorted(manifest), null, 2)}\n`);
  try {
    for (const [file, content] of files) {
      const path = join(resolve(project.folder), file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content, { flag: 'wx' });
    }
  } catch (error) {
    throw new Refusal(`The project cannot be written: ${(error as Error).message}. Give a folder that you may write.`);
  }
  return [...files.keys()].sort();
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Returns the name of a file in the project. npm does not publish files with the name `.gitignore`. */
function targetOf(file: string): string {
  return file === '_gitignore' ? '.gitignore' : file;
}

/** `{{image}}` is the name as Docker allows it: without the `@` and the slash of a scope. */
function filled(text: string, { name, version, manager }: Project): string {
  const image = name.replace(/^@/, '').replace(/[^a-z0-9-]+/g, '-');
  const lockfile = manager === 'pnpm' ? 'pnpm-lock.yaml' : 'package-lock.json';
  const facts = { name, image, version, manager, lockfile };
  return Object.entries(facts).reduce((filledText, [fact, value]) => filledText.replaceAll(`{{${fact}}}`, value), text);
}

function merged(first: Json, second: Json): Json {
  const result = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** Sorts the dependencies by name, as npm does. */
function sorted(manifest: Json): Json {
  const result = { ...manifest };
  for (const key of ['dependencies', 'devDependencies']) {
    const list = result[key];
    if (isObject(list)) result[key] = Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return result;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
