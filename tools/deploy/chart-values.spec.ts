import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CASES } from './chart-cases.fixture.js';
import { secretVariables } from './known-variables.fixture.js';
import { CHART, renderChart } from './render-manifests.mjs';

/** This time limit allows for the download of Helm. */
const TIMEOUT_MS = 240_000;

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly minimum?: number;
  readonly pattern?: string;
}

const defaults: unknown = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
const schema: Schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));

/** Returns the path and the default of each value. An empty object, such as `game.settings`, counts as a value and not as a group. */
function valuesOf(value: unknown, path: readonly string[] = []): (readonly [path: string, value: unknown])[] {
  const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isGroup) return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([key, inner]) => valuesOf(inner, [...path, key]));
}

/**
 * Returns false, 0 or an empty text, by the type of the default. Some functions of Helm treat these as missing and would use the default
 * instead. Undefined: the schema does not allow this value.
 */
function emptyValueOf(path: string, value: unknown): false | 0 | '' | undefined {
  const rules = path.split('.').reduce<Schema | undefined>((at, key) => at?.properties?.[key], schema);
  if (typeof value === 'boolean') return false;
  if (rules === undefined || rules.enum !== undefined) return undefined;
  if (typeof value === 'number') return (rules.minimum ?? 0) <= 0 ? 0 : undefined;
  if (typeof value !== 'string') return undefined;
  return (rules.minLength ?? 0) === 0 && new RegExp(rules.pattern ?? '').test('') ? '' : undefined;
}

describe('the values of the chart', () => {
  let rendered: string;
  beforeAll(async () => {
    rendered = await renderChart([]);
  }, TIMEOUT_MS);

  it('are each changed by at least one of the cases with which the tests render the chart', () => {
    const changed = Object.values(CASES).flatMap((values) => values.map((value) => value.split(/:?=/)[0] as string));
    const isChanged = (path: string) => changed.some((one) => `${one}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${one}.`));
    const paths = valuesOf(defaults).map(([path]) => path);
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !isChanged(path))).toEqual([]);
  });

  const overridden = valuesOf(defaults).flatMap(([path, value]) => {
    const empty = emptyValueOf(path, value);
    return empty === undefined || empty === value ? [] : [[path, empty] as const];
  });
  it('include some that an operator may set to false, 0 or an empty text', () => {
    expect(overridden.map(([path]) => path)).toEqual(
      expect.arrayContaining(['podDisruptionBudget.enabled', 'gateway.preStopSeconds', 'secrets.keys.authJwtSecret']),
    );
  });

  it.each(overridden)('change the output of the chart when %s is %j instead of the default', async (path, empty) => {
    expect(await renderChart([`${path}=${empty}`])).not.toBe(rendered);
  });
});

describe('the chart', () => {
  it.each([
    ['an unknown value', 'gateway.replcias=3', 'replcias'],
    ['a secret in plain text', 'settings.LINK_SECRET=visible', 'LINK_SECRET'],
    ['a password in the URL of Redis', 'redis.url=redis://user:password@redis:6379', 'redis'],
    ['a file with the address of Redis that comes from no Secret', 'settings.REDIS_URL_FILE=/tmp/url', 'REDIS_URL_FILE'],
    ['no replica', 'gateway.replicas=0', 'replicas'],
    [
      'a grace period that is shorter than the drain',
      'game.drainTimeoutMs=55000',
      'game.terminationGracePeriodSeconds must be at least 10 s more',
    ],
    [
      'a grace period that is shorter than the stop of a gateway',
      'gateway.preStopSeconds=45',
      'gateway.terminationGracePeriodSeconds must be at least 20 s more',
    ],
    [
      'a grace period that is shorter than the stop of a gateway with DRAIN_DELAY_MS',
      'gateway.settings.DRAIN_DELAY_MS=36000',
      'gateway.terminationGracePeriodSeconds must be at least 20 s more',
    ],
  ])('refuses %s', async (_, value, message) => {
    await expect(renderChart([value])).rejects.toThrow(message);
  });

  it('refuses autoscaling by KEDA for a Fleet of Agones', async () => {
    await expect(renderChart(['agones.enabled=true', 'autoscaling.enabled=true'])).rejects.toThrow(
      'set agones.enabled or autoscaling.enabled to false',
    );
  });

  it('refuses each setting that is a secret in plain text', () => {
    const { definitions } = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
    const [{ enum: refused }] = definitions.settings.propertyNames.not.anyOf;
    expect(refused.toSorted()).toEqual([...secretVariables()].toSorted());
  });
});
