import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Results
 */

/**
 * Reads the result files of jest. A phase without a result file is a failure. A test file that cannot be loaded is a failure, too.
 *
 * @param {string} folder @param {readonly string[]} phases
 * @returns {Promise<Results>}
 */
export async function readResults(folder, phases) {
  const all = await Promise.all(phases.map((phase) => readFile(join(folder, `${phase}.json`), 'utf8').then(JSON.parse, () => null)));
  return addUp(all);
}

/**
 * @param {readonly (null | { numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, numRuntimeErrorTestSuites: number })[]} phases
 * @returns {Results}
 */
export function addUp(phases) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const phase of phases) {
    sum.passed += phase?.numPassedTests ?? 0;
    sum.failed += phase ? phase.numFailedTests + phase.numRuntimeErrorTestSuites : 1;
    sum.skipped += phase ? phase.numPendingTests + phase.numTodoTests : 0;
  }
  return sum;
}

/** @param {Results} results */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
