import { missingRequirement } from './requirements.mjs';

// Runs before `exec` in package.json. The shell of Windows has no `exec`, so the refusal must come first.
const problem = missingRequirement();
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
