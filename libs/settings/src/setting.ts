import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import type { ServerType } from '#libs/protocol';

/** One environment variable: what it may be, what it is without being set, and why it exists. */
export interface Setting<T> {
  readonly variable: string;
  /** From text to value; a refusal's message is not shown, `allowed` is. */
  readonly schema: z.ZodType<T, string>;
  /** What may stand there, as the end of the sentence "allowed is …". */
  readonly allowed: string;
  /** Without one the variable must be set. */
  readonly fallback?: (context: Context) => T;
  /** The default as the table shows it, where it depends on the machine. */
  readonly fallbackText?: string;
  readonly meaning: string;
  /** Never shown, not even when it is wrong. */
  readonly secret: boolean;
}

/** What a default may depend on. */
export interface Context {
  readonly type: ServerType;
  readonly isTerminal: boolean;
}

interface About<T> {
  readonly meaning: string;
  readonly fallback?: T | ((context: Context) => T);
  readonly fallbackText?: string;
}

/** A whole number with its unit in its name; `from` and `to` are part of what is allowed. */
export function integer(
  variable: string,
  { from, to, ...about }: About<number> & { readonly from: number; readonly to: number },
): Setting<number> {
  const schema = z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(z.int().min(from).max(to));
  return setting(variable, schema, `a whole number from ${from} to ${to}`, about);
}

export function flag(variable: string, about: About<boolean>): Setting<boolean> {
  const schema = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
  return setting(variable, schema, 'true or false', about);
}

export function oneOf<const T extends readonly string[]>(variable: string, values: T, about: About<T[number]>): Setting<T[number]> {
  return setting(variable, z.enum(values) as z.ZodType<T[number], string>, values.join(', ').replace(/, ([^,]*)$/, ' or $1'), about);
}

export function text(variable: string, pattern: RegExp, allowed: string, about: About<string>): Setting<string> {
  return setting(variable, z.string().regex(pattern), allowed, about);
}

/** Text that may be left out. */
export function optionalText(
  variable: string,
  pattern: RegExp,
  allowed: string,
  about: { readonly meaning: string },
): Setting<string | null> {
  return setting<string | null>(variable, z.string().regex(pattern), allowed, { ...about, fallback: null, fallbackText: 'none' });
}

/** Long enough that it cannot be guessed; no default, since a secret that everybody knows is none. */
export function secret(variable: string, charactersMin: number, about: { readonly meaning: string }): Setting<string> {
  return { ...setting(variable, z.string().min(charactersMin), `at least ${charactersMin} characters`, about), secret: true };
}

export function optionalSecret(variable: string, charactersMin: number, about: { readonly meaning: string }): Setting<string | null> {
  const allowed = `at least ${charactersMin} characters`;
  const schema: z.ZodType<string | null, string> = z.string().min(charactersMin);
  return { ...setting(variable, schema, allowed, { ...about, fallback: null, fallbackText: 'none' }), secret: true };
}

export function list(variable: string, item: RegExp, allowed: string, about: About<readonly string[]>): Setting<readonly string[]> {
  const schema = z
    .string()
    .transform((line) => line.split(',').map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ''))
    .pipe(z.array(z.string().regex(item)));
  return setting<readonly string[]>(variable, schema, allowed, about);
}

/** A host name or address; `auto` is this machine's own address in its network, which a container cannot know beforehand. */
export function host(variable: string, about: About<string>): Setting<string> {
  const schema = z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,255}$/)
    .transform((name) => (name === 'auto' ? ownAddress() : name));
  return setting(variable, schema, "a host name, an address, or auto for this machine's own address", about);
}

export function port(variable: string, about: About<number>): Setting<number> {
  return { ...integer(variable, { from: 0, to: 65_535, ...about }), allowed: 'a port from 1 to 65535, or 0 for any free one' };
}

function setting<T>(
  variable: string,
  schema: z.ZodType<T, string>,
  allowed: string,
  { meaning, fallback, fallbackText }: About<T>,
): Setting<T> {
  const base = { variable, schema, allowed, meaning, secret: false, ...(fallbackText !== undefined && { fallbackText }) };
  if (fallback === undefined) return base;
  return { ...base, fallback: typeof fallback === 'function' ? (fallback as (context: Context) => T) : () => fallback };
}

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? hostname();
}
