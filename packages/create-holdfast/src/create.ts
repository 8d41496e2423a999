import { relative, resolve } from 'node:path';
import { demand, folderNameProblem, folderProblem, nameProblem } from './checks.js';
import { HELP } from './help.js';
import { installPackages, type PackageManager } from './install.js';
import { AFTER_DASHES, optionsFrom } from './options.js';
import { askFor, defaultsFor } from './questions.js';
import { Refusal } from './refusal.js';
import { templateNamed } from './templates.js';
import { writeProject } from './write-project.js';

export interface Surroundings {
  /** The folder with the layers of all templates. */
  readonly templates: string;
  /** The version of this package, and of the packages of Holdfast in the project. */
  readonly version: string;
  /** True: a person can answer questions. */
  readonly isInteractive: boolean;
  /** The program with which the command was started. */
  readonly manager: PackageManager;
  readonly print: (text: string) => void;
}

/**
 * Runs the command. It checks everything before it writes the first file.
 *
 * @throws Refusal with the reason when the project cannot be created as requested
 */
export async function create(argv: readonly string[], { templates, version, isInteractive, manager, print }: Surroundings): Promise<void> {
  const options = optionsFrom(argv);
  if (options.help) return print(HELP);
  if (options.version) return print(version);
  if (options.template !== undefined) templateNamed(options.template);
  if (options.name !== undefined) demand(nameProblem(options.name));
  if (options.folder !== undefined) {
    if (options.name === undefined && (options.yes || !isInteractive)) demand(folderNameProblem(options.folder));
    demand(await folderProblem(options.folder));
  }
  if (!options.yes && !isInteractive && (options.folder === undefined || options.template === undefined)) {
    throw new Refusal(
      `There is no terminal for questions. Give a folder and --template, or --yes for the defaults. ${AFTER_DASHES} See --help.`,
    );
  }
  const wish = options.yes || !isInteractive ? defaultsFor(options) : await askFor(options);
  const template = templateNamed(wish.template);
  demand(nameProblem(wish.name));
  demand(await folderProblem(wish.folder));

  const folder = resolve(wish.folder);
  await writeProject(templates, { folder, template, name: wish.name, version, manager });
  print(`Created ${wish.name} in ${folder} (${template.name}).`);
  if (options.install && !(await installPackages(folder, manager))) {
    throw new Refusal(`${manager} install failed, and its output is above. The project is complete: run ${manager} install in ${folder}.`);
  }
  print(nextSteps(relative(process.cwd(), folder), manager, options.install));
}

function nextSteps(folder: string, manager: string, isInstalled: boolean): string {
  const steps = [...(folder === '' ? [] : [`cd ${quoted(folder)}`]), ...(isInstalled ? [] : [`${manager} install`]), `${manager} start`];
  return `\nNext:\n${steps.map((step) => `  ${step}`).join('\n')}\n\nThen open http://127.0.0.1:7000 in two tabs.`;
}

/** Returns the path as one word of a shell. */
function quoted(path: string): string {
  return /^[\w./@:+,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
