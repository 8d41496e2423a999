import { bounded } from '#libs/protocol';

/** Maximum length of one text in a line, in characters. A stack with about twenty frames has this length. */
const TEXT_CHARACTERS_MAX = 4_000;
/** Maximum length of all fields of a line together, in characters. */
const LINE_CHARACTERS_MAX = 16_000;
const VALUES_MAX = 200;
const DEPTH_MAX = 6;

/** Names of properties whose values are written as `***`, at any depth, in upper or lower case. */
const SECRETS = new Set(['secret', 'token', 'password', 'authorization', 'cookie']);
const CENSORED = '***';

/**
 * Returns small fields without secrets unchanged. Otherwise returns a copy with shortened texts and without secrets, and drops values as
 * soon as the fields together are too long. Fields can be large: they can contain data of a peer, or an error with a whole Redis command.
 */
export function cappedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const budget = newBudget();
  let copy: Record<string, unknown> | null = null;
  for (const name in fields) {
    const value = fields[name];
    // Does not cut an error, because the serializer of errors limits the length of what it writes.
    const written = name === 'error' ? value : cappedProperty(name, value, DEPTH_MAX, budget);
    if (written === value) continue;
    copy ??= { ...fields };
    copy[name] = written;
  }
  return copy ?? fields;
}

/** Limits a value of any type, as `cappedFields` limits fields. */
export function cappedValue(value: unknown): unknown {
  return capped(value, DEPTH_MAX, newBudget());
}

interface Budget {
  values: number;
  characters: number;
}

function newBudget(): Budget {
  return { values: VALUES_MAX, characters: LINE_CHARACTERS_MAX };
}

function capped(value: unknown, depth: number, budget: Budget): unknown {
  if (typeof value === 'string') return cappedText(value, budget);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (depth === 0 || budget.values <= 0) return '…';
  if (value instanceof Error)
    return { name: value.name, message: cappedText(value.message, budget), stack: cappedText(value.stack ?? '', budget) };
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      if (--budget.values < 0) {
        items.push(`… (${value.length} items)`);
        break;
      }
      items.push(capped(item, depth - 1, budget));
    }
    return items;
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return capped(value.toJSON(), depth - 1, budget);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (--budget.values < 0) {
      copy['…'] = 'more';
      break;
    }
    copy[bounded(key, 100)] = cappedProperty(key, (value as Record<string, unknown>)[key], depth - 1, budget);
  }
  return copy;
}

function cappedProperty(name: string, value: unknown, depth: number, budget: Budget): unknown {
  return SECRETS.has(name.toLowerCase()) && value !== undefined && value !== null ? CENSORED : capped(value, depth, budget);
}

function cappedText(text: string, budget: Budget): string {
  const charactersMax = Math.max(0, Math.min(TEXT_CHARACTERS_MAX, budget.characters));
  budget.characters -= text.length;
  return bounded(text, charactersMax);
}
