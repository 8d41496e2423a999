/** The name of a global property. `environment.cjs` calls the functions in this property after a failed test. */
const REPORTERS = '__holdfastFailureReporters';

/** Calls `report` with the name of each failed test from now on. The returned function removes `report`. */
export function reportOnFailure(report: (test: string) => void): () => void {
  const known = (globalThis as Record<string, unknown>)[REPORTERS] as Set<typeof report> | undefined;
  const all = known ?? new Set<typeof report>();
  Object.assign(globalThis, { [REPORTERS]: all });
  all.add(report);
  return () => all.delete(report);
}
