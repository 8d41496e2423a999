const { TestEnvironment } = require('jest-environment-node');

/** Notifies the fleets of a test file when a test fails. The fleets then print the last log lines of their servers. */
module.exports = class FleetEnvironment extends TestEnvironment {
  /** @param {{ name: string, test?: { name: string, errors: readonly unknown[] } }} event */
  async handleTestEvent({ name, test }) {
    if (name !== 'test_done' || !test?.errors.length) return;
    const reporters = /** @type {Set<(test: string) => void>} */ (this.global.__holdfastFailureReporters ?? new Set());
    for (const report of reporters) report(test.name);
  }
};
