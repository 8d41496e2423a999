import { cancel, isCancel, select, text } from '@clack/prompts';
import { folderProblem, nameFor, nameProblem } from './checks.js';
import type { Options } from './options.js';
import { Refusal } from './refusal.js';
import { TEMPLATES } from './templates.js';

/** The choices for a new project. */
export interface Wish {
  readonly folder: string;
  readonly name: string;
  readonly template: string;
}

const FOLDER_DEFAULT = 'my-game';
const TEMPLATE_DEFAULT = 'turn-based';

/** Returns the choices in the options, with defaults for absent choices. */
export function defaultsFor({ folder = FOLDER_DEFAULT, template = TEMPLATE_DEFAULT, name = nameFor(folder) }: Options): Wish {
  return { folder, name, template };
}

/**
 * Asks on the terminal for the choices that are not in the options.
 *
 * @throws Refusal when the person cancels
 */
export async function askFor(options: Options): Promise<Wish> {
  const folder =
    options.folder ??
    (await answer(text({ message: 'In which folder?', placeholder: FOLDER_DEFAULT, defaultValue: FOLDER_DEFAULT }), folderProblem));
  const name =
    options.name ??
    (nameProblem(nameFor(folder)) === undefined
      ? nameFor(folder)
      : await answer(text({ message: 'What is the name of its npm package?', placeholder: 'my-game', validate: problemOfInput })));
  const template =
    options.template ??
    (await answer(
      select({
        message: 'Which template?',
        options: TEMPLATES.map(({ name: value, description: hint }) => ({ value, label: value, hint })),
      }),
    ));
  return { folder, name, template };
}

function problemOfInput(name: string | undefined): string | undefined {
  return nameProblem(name ?? '');
}

async function answer(question: Promise<string | symbol>, problemOf?: (value: string) => Promise<string | undefined>): Promise<string> {
  const value = await question;
  if (isCancel(value) || typeof value === 'symbol') {
    cancel('Nothing was created.');
    throw new Refusal('Canceled.');
  }
  const problem = await problemOf?.(value);
  if (problem !== undefined) throw new Refusal(problem);
  return value;
}
