const { TestEnvironment } = require('jest-environment-node');

/** Tells the test file's fleets when one of its tests has failed, so that their servers' last words are printed. */
module.exports = class FleetEnvironment extends TestEnvironment {
  /** @param {{ name: string, test?: { name: string, errors: readonly unknown[] } }} event */
  async handleTestEvent({ name, test }) {
    if (name !== 'test_done' || !test?.errors.length) return;
    const reporters = /** @type {Set<(test: string) => void>} */ (this.global.__holdfastFailureReporters ?? new Set());
    for (const report of reporters) report(test.name);
  }
};
