import { missingRequirement } from './requirements.mjs';

// The scripts in package.json run this file before `exec`. The shell of Windows has no `exec`: without this check, a user on Windows would
// see only the shell's error.
const problem = missingRequirement();
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
