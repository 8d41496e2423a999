import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import validateName from 'validate-npm-package-name';
import { Refusal } from './refusal.js';

/** Files that may already be in the folder of a new project, for example because it is a new Git repository. */
const MAY_BE_THERE = ['.git', '.DS_Store'];

/** Returns why npm would refuse the name. Undefined: npm accepts it. */
export function nameProblem(name: string): string | undefined {
  const { validForNewPackages, errors = [], warnings = [] } = validateName(name);
  if (validForNewPackages) return undefined;
  const reason = [...errors, ...warnings].join('; ');
  return `The name '${name}' is not a name for an npm package: ${reason}. Use lower-case letters, digits and dashes, such as my-game.`;
}

/** Returns why the name of the folder cannot be that of the package. Undefined: it can. */
export function folderNameProblem(folder: string): string | undefined {
  const problem = nameProblem(nameFor(folder));
  return problem && `${problem} Or keep the folder, and name the package with --name.`;
}

/** Returns why a project cannot be created in the folder. Undefined: the folder is suitable, because it is empty or does not exist. */
export async function folderProblem(folder: string): Promise<string | undefined> {
  const path = resolve(folder);
  try {
    const found = (await readdir(path)).filter((entry) => !MAY_BE_THERE.includes(entry));
    if (found.length === 0) return undefined;
    return `The folder ${path} is not empty: it contains ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}. Give another one.`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') return `${path} is not a folder. Give the path of an empty or new one.`;
    return `The folder ${path} cannot be read: ${(error as Error).message}.`;
  }
}

/** Returns the default name of the package: it is made from the name of the folder. */
export function nameFor(folder: string): string {
  return basename(resolve(folder));
}

/** @throws Refusal when there is a problem */
export function demand(problem: string | undefined): void {
  if (problem !== undefined) throw new Refusal(problem);
}
