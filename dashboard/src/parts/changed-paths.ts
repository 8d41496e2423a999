/**
 * Returns the paths of all leaves and empty values that differ between two JSON values, and of everything above them: `/board/3`. A removed
 * value marks what contained it.
 */
export function changedPaths(before: unknown, after: unknown, path = '', found = new Set<string>()): Set<string> {
  if (Object.is(before, after)) return found;
  if (!isContainer(before) || !isContainer(after)) {
    mark(path, found);
    return found;
  }
  for (const name of Object.keys(after)) changedPaths(before[name], after[name], `${path}/${name}`, found);
  if (Object.keys(before).some((name) => !(name in after))) mark(path, found);
  return found;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function mark(path: string, found: Set<string>): void {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) found.add(at);
}
