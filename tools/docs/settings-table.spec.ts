import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsTable } from '#libs/settings';
import { withTable } from './between-marks.mjs';

describe('the table of settings in the pages', () => {
  it.each(['README.md', 'docs/operations.md'])('is current in %s (npm run docs:settings)', (path) => {
    const file = join(__dirname, '../..', path);
    const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
    expect([page, null]).toContain(withTable(page, settingsTable()));
  });

  it('is written between its marks, and nothing else is touched', () => {
    const page = 'before\n<!-- settings: written by npm run docs:settings -->old<!-- /settings -->\nafter';
    const written = withTable(page, '| new |') as string;
    expect(written).toMatch(/^before\n<!-- settings.*-->\n\n\| new \|\n\n<!-- \/settings -->\nafter$/);
    expect(withTable(written, '| new |')).toBe(written);
    expect(withTable('no marks', '| new |')).toBeNull();
  });
});
