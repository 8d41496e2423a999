import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import type { ServerType } from '#libs/protocol';
import { type NamedToken, readTokens } from './named-tokens.js';

/** One environment variable: its allowed values, its default, and its meaning. */
export interface Setting<T> {
  readonly variable: string;
  /** Parses the text. The messages of the schema are not shown, because an error message contains `allowed` instead. */
  readonly schema: z.ZodType<T, string>;
  /**
   * The schema of the value in the file that `HOLDFAST_CONFIG` names, in which the value has a type of JSON. If the schema has a
   * description, messages about the file contain it instead of `allowed`. Null: the setting is a secret, which must not be in the file.
   */
  readonly json: z.ZodType | null;
  /** The allowed values, as the end of the sentence "it must be …". */
  readonly allowed: string;
  /** Returns the default. Absent: the variable must be set. */
  readonly fallback?: (context: Context) => T;
  /** The text for the default in `docs/settings.md`. Absent: the page shows the value of `fallback`. */
  readonly fallbackText?: string;
  readonly meaning: string;
  /** True: the value is a secret. No message contains it, not even an error message about the setting. */
  readonly secret: boolean;
}

/** The facts on which a default may depend. */
export interface Context {
  readonly type: ServerType;
  readonly isTerminal: boolean;
}

interface About<T> {
  readonly meaning: string;
  readonly fallback?: T | ((context: Context) => T);
  readonly fallbackText?: string;
}

/** Creates a setting with a whole number from `from` to `to`. The name of the variable contains the unit. */
export function integer(
  variable: string,
  { from, to, ...about }: About<number> & { readonly from: number; readonly to: number },
): Setting<number> {
  const schema = z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(z.int().min(from).max(to));
  return setting(variable, schema, z.int().min(from).max(to), `a whole number from ${from} to ${to}`, about);
}

export function flag(variable: string, about: About<boolean>): Setting<boolean> {
  const schema = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
  return setting(variable, schema, z.boolean(), 'true or false', about);
}

export function oneOf<const T extends readonly string[]>(variable: string, values: T, about: About<T[number]>): Setting<T[number]> {
  const schema = z.enum(values) as z.ZodType<T[number], string>;
  return setting(variable, schema, schema, values.join(', ').replace(/, ([^,]*)$/, ' or $1'), about);
}

export function text(variable: string, pattern: RegExp, allowed: string, about: About<string>): Setting<string> {
  const schema = z.string().regex(pattern);
  return setting(variable, schema, schema, allowed, about);
}

/** Creates a setting with text. Its value is null when the variable is not set. */
export function optionalText(
  variable: string,
  pattern: RegExp,
  allowed: string,
  about: { readonly meaning: string },
): Setting<string | null> {
  const schema = z.string().regex(pattern);
  return setting<string | null>(variable, schema, schema, allowed, { ...about, fallback: null, fallbackText: 'none' });
}

/**
 * Creates a setting with a secret of a minimum length, so that nobody can guess it. It has no default, because a default would be public.
 */
export function secret(variable: string, charactersMin: number, about: { readonly meaning: string }): Setting<string> {
  return { ...setting(variable, z.string().min(charactersMin), null, `at least ${charactersMin} characters`, about), secret: true };
}

/** Creates a setting with one to `count` secrets, newest first, so that a secret can be replaced while both are accepted. */
export function secrets(
  variable: string,
  { charactersMin, count }: { readonly charactersMin: number; readonly count: number },
  about: { readonly meaning: string },
): Setting<readonly string[]> {
  const allowed = `1 to ${count} different secrets of at least ${charactersMin} characters, separated by commas or line breaks, newest first`;
  const schema: z.ZodType<readonly string[], string> = z
    .string()
    .transform((text) => text.split(/[,\r\n]+/).map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ''))
    .pipe(z.array(z.string().min(charactersMin)).min(1).max(count))
    .refine((all) => new Set(all).size === all.length);
  return { ...setting(variable, schema, null, allowed, about), secret: true };
}

export function optionalSecret(variable: string, charactersMin: number, about: { readonly meaning: string }): Setting<string | null> {
  const allowed = `at least ${charactersMin} characters`;
  const schema: z.ZodType<string | null, string> = z.string().min(charactersMin);
  return { ...setting(variable, schema, null, allowed, { ...about, fallback: null, fallbackText: 'none' }), secret: true };
}

/**
 * Creates a setting with a list of tokens, so that a token can be replaced while the old one still works. Each token must be too long to
 * guess.
 */
export function tokens(variable: string, charactersMin: number, about: About<readonly NamedToken[]>): Setting<readonly NamedToken[]> {
  const schema = z.string().transform((text, context): readonly NamedToken[] => {
    const read = readTokens(text, charactersMin);
    if (read) return read;
    context.addIssue('not a list of tokens');
    return z.NEVER;
  });
  const allowed = `one or more tokens of at least ${charactersMin} characters, separated by commas or line breaks, each alone or as NAME=TOKEN`;
  return { ...setting(variable, schema, null, allowed, about), secret: true };
}

/** Creates a setting with a list. `allowed` describes its items. */
export function list(variable: string, item: RegExp, allowed: string, about: About<readonly string[]>): Setting<readonly string[]> {
  // A pattern in a JSON Schema has no flags, so a pattern with flags is not in the schema.
  const schema = item.flags === '' ? z.string().regex(item) : z.string().refine((text) => item.test(text));
  return listOf(variable, schema, allowed, about);
}

/** Creates a setting with a list of addresses and networks, in the form that the package `proxy-addr` reads. */
export function networks(variable: string, about: About<readonly string[]>): Setting<readonly string[]> {
  const allowed = 'addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal';
  return listOf(variable, z.string().refine(isNetwork), allowed, about);
}

function listOf(variable: string, item: z.ZodString, allowed: string, about: About<readonly string[]>): Setting<readonly string[]> {
  const schema = z
    .string()
    .transform((line) => line.split(',').map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ''))
    .pipe(z.array(item));
  const json = z.array(item.regex(/^[^,]*$/)).describe(`a list of ${allowed}`);
  return setting<readonly string[]>(variable, schema, json, `${allowed}, comma-separated`, about);
}

const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

function isNetwork(text: string): boolean {
  if (NETWORK_NAMES.includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const NAME_OR_ADDRESS = /^[A-Za-z0-9._:-]{1,255}$/;

/**
 * Creates a setting with a host name or an address. The value `auto` means the address of this machine in its network. Use `auto` in
 * containers, because their address is not known before they run.
 */
export function host(variable: string, about: About<string>): Setting<string> {
  const schema = z
    .string()
    .regex(NAME_OR_ADDRESS)
    .transform((name) => (name === 'auto' ? ownAddress() : name));
  return setting(
    variable,
    schema,
    z.string().regex(NAME_OR_ADDRESS),
    "a host name, an address, or auto for this machine's own address",
    about,
  );
}

export function port(variable: string, about: About<number>): Setting<number> {
  return { ...integer(variable, { from: 0, to: 65_535, ...about }), allowed: 'a port from 1 to 65535, or 0 for any free one' };
}

function setting<T>(
  variable: string,
  schema: z.ZodType<T, string>,
  json: z.ZodType | null,
  allowed: string,
  { meaning, fallback, fallbackText }: About<T>,
): Setting<T> {
  const base = { variable, schema, json, allowed, meaning, secret: false, ...(fallbackText !== undefined && { fallbackText }) };
  if (fallback === undefined) return base;
  return { ...base, fallback: typeof fallback === 'function' ? (fallback as (context: Context) => T) : () => fallback };
}

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? hostname();
}
