/** Where `environment.cjs` looks for what to call when a test has failed. */
const REPORTERS = '__holdfastFailureReporters';

/** Calls `report` with the name of each test that fails from now on; the answer stops that. */
export function reportOnFailure(report: (test: string) => void): () => void {
  const known = (globalThis as Record<string, unknown>)[REPORTERS] as Set<typeof report> | undefined;
  const all = known ?? new Set<typeof report>();
  Object.assign(globalThis, { [REPORTERS]: all });
  all.add(report);
  return () => all.delete(report);
}
