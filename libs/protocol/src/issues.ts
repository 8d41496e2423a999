/** A flaw in data, in the form of the Standard Schema specification, which zod and most other validation libraries use. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Returns issues as one text for people: `cell: must be a number; by: must be text`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues.map(({ path, message }) => (path?.length ? `${path.map(keyOf).join('.')}: ${message}` : message)).join('; ');
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}
