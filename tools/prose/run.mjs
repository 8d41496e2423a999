import { describe, problemsOfAllNames, problemsOfLinks, problemsOfSources } from './check.mjs';
import { CLEAN } from './clean.mjs';

// `npm run prose -- FOLDER…`: problems of these folders; without any, of all that are listed as clean, of
// all names, and of all links.
const folders = process.argv.slice(2);
const problems =
  folders.length > 0 ? problemsOfSources(folders) : [...problemsOfSources(CLEAN), ...problemsOfAllNames(), ...problemsOfLinks()];
for (const problem of problems) console.log(describe(problem));
console.log(problems.length === 0 ? 'no problems' : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
