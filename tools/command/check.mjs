import { missingRequirement } from './requirements.mjs';

// The scripts in package.json run this file before they use `exec`. Without this check, a user on Windows would see only an error of the
// shell, because that shell has no `exec`.
const problem = missingRequirement();
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
