import { install } from '../install/install.mjs';
import { CLEAN } from './clean.mjs';

/** @param {string[]} folders without any: all that are listed as clean, all names, and all links */
export async function main(folders) {
  await install({ log: (line) => console.error(line) });
  const { describe, problemsOfAllNames, problemsOfLinks, problemsOfSources } = await import('./check.mjs');
  const problems =
    folders.length > 0 ? problemsOfSources(folders) : [...problemsOfSources(CLEAN), ...problemsOfAllNames(), ...problemsOfLinks()];
  for (const problem of problems) console.log(describe(problem));
  console.log(problems.length === 0 ? 'no problems' : `${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
