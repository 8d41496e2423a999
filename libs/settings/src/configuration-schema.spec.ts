import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readConfigurationFile } from './configuration-file.js';
import { configurationSchema } from './configuration-schema.js';
import { SETTINGS } from './definitions.js';
import type { Setting } from './setting.js';
import type { Group } from './setting-group.js';

const SAMPLES: readonly unknown[] = [
  ...[true, false, null, 0, 1, -1, 1.5, 500, 1e9, {}],
  ...[
    '',
    '5',
    'true',
    'info',
    'word',
    'two words',
    '/a/path',
    'host:1',
    'redis://a:1',
    'redis://a:1, b:2',
    'redis://u:w@a',
    'x'.repeat(300),
  ],
  ...[[], ['word'], ['a,b'], [' '], [1], ['loopback'], ['HTTPS://a.example.org'], ['https://a.example.org', 'null']],
];
/** The rules for the items of these lists cannot be written as a JSON Schema. */
const CHECKED_BY_SERVERS = ['ALLOWED_ORIGINS', 'TRUSTED_PROXIES'];

describe('the JSON Schema of the file that HOLDFAST_CONFIG names', () => {
  const schema = configurationSchema() as { readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  const settings = new Map(
    Object.values<Group>(SETTINGS).flatMap((group) => Object.values<Setting<unknown>>(group.settings).map((one) => [one.variable, one])),
  );
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-schema-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Writes a file in which each of these keys has this value. Returns the values that a server reads from the file. */
  function readFile(keys: readonly string[], value: unknown): Readonly<Record<string, string>> {
    const file = join(folder, 'settings.json');
    writeFileSync(file, JSON.stringify(Object.fromEntries(keys.map((key) => [key, value]))));
    return readConfigurationFile({ HOLDFAST_CONFIG: file }).values;
  }

  it('has the type, the limits, the default and the meaning of each setting', () => {
    const { HEALTH_INTERVAL_MS, HEALTH_DRY_RUN, LOG_LEVEL, SERVER_NAME, TRUSTED_PROXIES } = schema.properties;
    expect(HEALTH_INTERVAL_MS).toEqual({
      type: 'integer',
      minimum: 100,
      maximum: 60_000,
      default: 1_000,
      description: 'Time between two checks of a server. Allowed: a whole number from 100 to 60000.',
    });
    expect(HEALTH_DRY_RUN).toMatchObject({ type: 'boolean', default: false });
    expect(LOG_LEVEL).toMatchObject({ enum: ['debug', 'info', 'warn', 'error', 'silent'], default: 'info' });
    expect(SERVER_NAME).toMatchObject({
      type: 'string',
      description: expect.stringMatching(/ Default: host name and six random digits\.$/),
    });
    expect(TRUSTED_PROXIES).toMatchObject({
      type: 'array',
      description: expect.stringContaining(' Allowed: a list of addresses, networks '),
    });
  });

  it('has every setting that is no secret, and for each secret only its setting with the suffix `_FILE`', () => {
    for (const { variable, secret } of settings.values()) {
      expect(Object.keys(schema.properties).includes(variable)).toBe(!secret);
      if (secret) expect(schema.properties[`${variable}_FILE`]).toMatchObject({ type: 'string' });
    }
    expect(schema).toMatchObject({ additionalProperties: false, properties: { $schema: { type: 'string' } } });
    expect(schema).not.toHaveProperty('required');
  });

  it.each(SAMPLES.map((value) => [value]))('accepts and refuses the value %j for the same settings as a server', (value) => {
    const keys = Object.keys(schema.properties).filter((key) => key !== '$schema');
    const editor = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
    const byEditor = keys.filter((key) => editor.safeParse({ [key]: value }).success);
    const byServer = Object.keys(readFile(keys, value));
    const compared = (accepted: readonly string[]) => accepted.filter((key) => !CHECKED_BY_SERVERS.includes(key));
    expect(compared(byServer).sort()).toEqual(compared(byEditor).sort());
    expect(byEditor).toEqual(expect.arrayContaining(byServer));
  });

  it.each(SAMPLES.map((value) => [value]))('accepts the value %j only for settings whose check at the start accepts the value', (value) => {
    for (const [variable, text] of Object.entries(readFile([...settings.keys()], value))) {
      const { success } = settings.get(variable)!.schema.safeParse(text);
      // An empty list is the same as a variable that is not set.
      expect([variable, success || text === '']).toEqual([variable, true]);
    }
  });
});
