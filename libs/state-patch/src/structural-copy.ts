/**
 * Copies a plain value with all its parts. A handler may write to the copy. The copy is made key by key, which is faster in V8 than
 * spreading an object and replacing its parts.
 */
export function structuralCopy<T>(value: T): T {
  return copyOf(value) as T;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = value.slice();
    for (let index = 0; index < items.length; index++) {
      const item: unknown = items[index];
      if (typeof item === 'object' && item !== null) items[index] = copyOf(item);
    }
    return items;
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key];
    copy[key] = typeof part === 'object' && part !== null ? copyOf(part) : part;
  }
  return copy;
}
