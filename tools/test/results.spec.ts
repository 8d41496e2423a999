import { addUp, summaryLine } from './results.mjs';

const phase = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 0 };

describe('the summary of a test run', () => {
  it('adds up the results of all phases', () => {
    expect(summaryLine(addUp([phase, { ...phase, numFailedTests: 2 }]))).toBe('10 passed, 2 failed');
    expect(summaryLine(addUp([{ ...phase, numPendingTests: 1, numTodoTests: 2 }]))).toBe('5 passed, 0 failed, 3 skipped');
  });

  it('reports a file that cannot be loaded and a phase without results as failures', () => {
    expect(addUp([{ ...phase, numRuntimeErrorTestSuites: 1 }]).failed).toBe(1);
    expect(addUp([phase, null]).failed).toBe(1);
  });
});
