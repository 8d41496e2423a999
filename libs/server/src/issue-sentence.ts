import { z } from 'zod';
import { bounded } from '#libs/protocol';

/**
 * Makes zod describe flaws in sentences for people, in all schemas of this process, including the schemas of games. Does not change a
 * message that a schema defines itself. Without these sentences, players would read texts such as "Too big: expected string to have <=48
 * characters".
 */
export function describeFlawsForPeople(): void {
  z.config({ customError: issueSentence });
}

/** Returns the description of a flaw as the text after the name of the field: `seats: must be at most 4`. */
export function issueSentence(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? `is missing, and must be ${typeName(issue.expected)}` : `must be ${typeName(issue.expected)}`;
    case 'too_big':
      return `must ${sizeOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'too_small':
      return `must ${sizeOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `must match ${issue.pattern}` : `must be a valid ${issue.format}`;
    case 'invalid_value':
      return `must be ${listed(issue.values.map((value) => (typeof value === 'string' ? value : String(value))))}`;
    case 'unrecognized_keys':
      return `must not have ${listed(issue.keys.map((key) => bounded(key, KEY_CHARACTERS_MAX)).slice(0, KEYS_MAX))}`;
    case 'invalid_union':
      return 'has none of the allowed forms';
    case 'invalid_key':
      return 'has a key that is not allowed';
    case 'invalid_element':
      return 'has an element that is not allowed';
    default:
      return 'is not valid';
  }
}

/** Names only a few unknown keys, because a peer can send any number of keys. */
const KEYS_MAX = 5;
const KEY_CHARACTERS_MAX = 40;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
  undefined: 'absent',
  never: 'absent',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? `a ${expected}`;
}

function sizeOf(origin: string, how: string, limit: number | bigint): string {
  switch (origin) {
    case 'string':
      return `have ${how} ${limit} characters`;
    case 'array':
    case 'set':
    case 'map':
      return `have ${how} ${limit} elements`;
    case 'object':
      return `have ${how} ${limit} fields`;
    default:
      return `be ${how} ${limit}`;
  }
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
