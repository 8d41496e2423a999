import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page quotes files that are compiled and tested here; this holds each quotation to its file. */
const page = readFileSync(join(__dirname, '..', 'real-time.md'), 'utf8');
const quotations = [...page.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map(([, language, file, code]) => ({ language, file, code }));

describe('docs/real-time.md', () => {
  it.each(quotations.map((quotation, index) => ({ ...quotation, nth: index + 1 })))(
    'quotes $file in block $nth',
    ({ language, file, code }) => {
      expect(language).toBe('ts');
      expect(readFileSync(join(__dirname, file), 'utf8')).toContain(code);
    },
  );

  it('quotes from every file of its example', () => {
    const files = readdirSync(join(__dirname, 'games'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    expect(files).toHaveLength(4);
    expect(files.filter((file) => !quotations.some((quotation) => quotation.file === join('games', file)))).toEqual([]);
  });
});
