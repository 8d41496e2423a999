import type { JsonSchema, SchemaIssue } from '#libs/protocol';

/**
 * The common interface of schema libraries, such as zod, valibot and arktype. Contains only the parts of the Standard Schema specification,
 * version 1 (https://standardschema.dev), that Holdfast needs.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /**
     * The extension "Standard JSON Schema" (https://standardschema.dev/json-schema). Undefined: the schema library does not have this
     * extension.
     */
    readonly jsonSchema?: { input(options: { readonly target: string }): Readonly<Record<string, unknown>> } | undefined;
  };
}

export type SchemaResult<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** The type of the data after `Schema` has validated it. */
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as Partial<StandardSchema>)['~standard']?.validate === 'function';
}

/** Returns the JSON Schema of the data that a schema accepts. Null: the schema library cannot describe the data. */
export function describeSchema(schema: StandardSchema): JsonSchema | null {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) ?? null;
  } catch {
    // JSON Schema cannot express a part of this schema, such as a transformation of zod.
    return null;
  }
}

/**
 * Returns the path of a field that a schema has dropped without an error, as `z.object` does with unknown fields. Null: the schema has
 * dropped no field. Does not compare the fields of an object that the schema has converted into another kind of value, such as a string.
 */
export function droppedField(given: unknown, result: unknown, path = ''): string | null {
  if (Array.isArray(given) && Array.isArray(result) && given.length === result.length) return droppedIn(given.keys(), given, result, path);
  if (!isPlainObject(given) || !isPlainObject(result)) return null;
  return droppedIn(Object.keys(given), given, result, path);
}

function droppedIn(keys: Iterable<PropertyKey>, given: object, result: object, path: string): string | null {
  for (const key of keys) {
    const at = path === '' ? String(key) : `${path}.${String(key)}`;
    if (!Object.hasOwn(result, key)) return at;
    const dropped = droppedField((given as Record<PropertyKey, unknown>)[key], (result as Record<PropertyKey, unknown>)[key], at);
    if (dropped !== null) return dropped;
  }
  return null;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
