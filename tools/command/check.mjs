import { missingRequirement } from './requirements.mjs';

// The scripts in package.json run this file before they use `exec`. The shell of Windows has no `exec`. Without this check, a user on
// Windows would see only the shell's error.
const problem = missingRequirement();
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
