import { Refusal } from './refusal.js';

export interface Template {
  readonly name: string;
  /** One line for people who choose a template. */
  readonly description: string;
  /** Folders of `templates/`. A project gets the files of all of them. */
  readonly layers: readonly string[];
}

export const TEMPLATES: readonly Template[] = [
  { name: 'turn-based', description: 'tic-tac-toe: commands, turns and a timer', layers: ['base', 'page', 'tic-tac-toe', 'turn-based'] },
  { name: 'real-time', description: 'boats: steps, inputs, prediction and interpolation', layers: ['base', 'page', 'real-time'] },
  { name: 'hidden-cards', description: 'a card game: each player sees only the own hand', layers: ['base', 'page', 'hidden-cards'] },
  { name: 'react', description: 'tic-tac-toe with a page in React', layers: ['base', 'tic-tac-toe', 'react'] },
];

/** @throws Refusal when there is no such template */
export function templateNamed(name: string): Template {
  const template = TEMPLATES.find((each) => each.name === name);
  if (template) return template;
  throw new Refusal(`The template '${name}' does not exist. The templates are ${TEMPLATES.map((each) => each.name).join(', ')}.`);
}
