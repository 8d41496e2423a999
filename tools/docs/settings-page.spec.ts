import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationSchema, SETTINGS } from '#libs/settings';
import { withTable } from './between-marks.mjs';
import { FIRST_SETTINGS, PURPOSES, rowsOf, schemaFile, settingsPage, settingsTable } from './settings-page.mjs';

const page = (path: string) => readFileSync(join(__dirname, '../..', path), 'utf8');

describe('the pages of settings', () => {
  it('include an up-to-date docs/settings.md (npm run docs:settings)', () => {
    expect(page('docs/settings.md')).toBe(settingsPage(SETTINGS));
  });

  it('include an up-to-date docs/settings.schema.json (npm run docs:settings)', () => {
    expect(page('docs/settings.schema.json')).toBe(schemaFile(configurationSchema()));
  });

  it('include an up-to-date table of ten important settings in README.md (npm run docs:settings)', () => {
    expect(FIRST_SETTINGS).toHaveLength(10);
    expect(page('README.md')).toBe(withTable(page('README.md'), settingsTable(SETTINGS, FIRST_SETTINGS)));
  });

  it('list each setting under exactly one purpose (tools/docs/settings-page.mjs)', () => {
    const listed = PURPOSES.flatMap(({ variables }) => variables);
    const defined = rowsOf(SETTINGS).map(({ variable }) => variable);
    expect([...listed].sort()).toEqual([...defined].sort());
  });

  it('have one row for each setting, with its servers, default, allowed values and meaning', () => {
    expect(settingsTable(SETTINGS, ['LINK_SECRET', 'SESSION_TTL_MS']).split('\n').slice(2)).toEqual([
      expect.stringMatching(/^\| `LINK_SECRET` \| all \| none: must be set \| 1 to 4 different secrets of at least 16 characters, .+ \|$/),
      expect.stringMatching(/^\| `SESSION_TTL_MS` \| gateway, lobby \| `3600000` \| a whole number from 10000 to 2592000000 \| .+ \|$/),
    ]);
    expect(() => settingsTable(SETTINGS, ['NO_SUCH_SETTING'])).toThrow('no such setting');
  });
});

describe('the marks around a generated table', () => {
  it('limit the replacement to the text between the marks', () => {
    const before = 'before\n<!-- settings: written by npm run docs:settings -->old<!-- /settings -->\nafter';
    const written = withTable(before, '| new |') as string;
    expect(written).toMatch(/^before\n<!-- settings.*-->\n\n\| new \|\n\n<!-- \/settings -->\nafter$/);
    expect(withTable(written, '| new |')).toBe(written);
    expect(withTable('no marks', '| new |')).toBeNull();
  });
});
