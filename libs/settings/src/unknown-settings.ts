import { SETTINGS } from './definitions.js';
import type { Environment } from './environment.js';
import { fileVariableOf } from './secret-files.js';
import type { Setting } from './setting.js';
import type { Group } from './setting-group.js';

/** An environment variable whose name resembles a setting. */
export interface UnknownSetting {
  readonly variable: string;
  /** The setting with the most similar name. */
  readonly nearest: string;
}

/**
 * Maximum number of wrong letters in a misspelled name, as a fraction of its length. With this fraction, `APP_PORT` is not regarded as a
 * misspelled `OPS_PORT`.
 */
const MISTAKES_PER_LETTER = 1 / 6;
/**
 * Variables of `npm start` and of the tests, and the variable that names the file with settings. Servers do not read these variables as
 * settings.
 */
const TOOLS = /^HOLDFAST_(CONFIG|DIR|DIST|CHAOS_RUN|(TEST|NO)_\w+)$/;

/** Finds variables that are probably misspelled settings, and unknown variables whose name begins with `HOLDFAST_`. Pure. */
export function unknownSettings(environment: Environment): readonly UnknownSetting[] {
  const known = allVariables();
  return Object.keys(environment)
    .filter((variable) => /^[A-Z][A-Z0-9_]+$/.test(variable) && !known.has(variable) && !TOOLS.test(variable))
    .flatMap((variable) => {
      const [nearest, mistakes] = nearestOf(variable, known);
      const isOurs = variable.startsWith('HOLDFAST_') || mistakes <= Math.floor(variable.length * MISTAKES_PER_LETTER);
      return isOurs ? [{ variable, nearest }] : [];
    });
}

/** Returns all variables that a server of any type reads. */
function allVariables(): Set<string> {
  const settings = Object.values<Group>(SETTINGS).flatMap((group) => Object.values<Setting<unknown>>(group.settings));
  return new Set(settings.flatMap((setting) => [setting.variable, ...(setting.secret ? [fileVariableOf(setting)] : [])]));
}

/**
 * Returns the known name that resembles `variable` so much that `variable` is probably a misspelling of it. Null: there is no such name.
 */
export function misspelledOf(variable: string, known: ReadonlySet<string>): string | null {
  const [nearest, mistakes] = nearestOf(variable, known);
  return mistakes <= Math.floor(variable.length * MISTAKES_PER_LETTER) ? nearest : null;
}

/** Returns the known name that is most similar to `variable`, and the number of letters in which the two names differ. */
function nearestOf(variable: string, known: ReadonlySet<string>): readonly [nearest: string, mistakes: number] {
  return [...known].map((name) => [name, editDistance(variable, name)] as const).reduce((best, one) => (one[1] < best[1] ? one : best));
}

/**
 * Returns the minimum number of inserted, removed and replaced letters, and of swapped neighbors, that turns one text into the other
 * (optimal string alignment distance).
 */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  let rowBefore = row;
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, isSwap ? rowBefore[j - 2]! + 1 : Number.POSITIVE_INFINITY));
    }
    rowBefore = row;
    row = next;
  }
  return row[to.length]!;
}
