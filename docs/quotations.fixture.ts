import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Tests that each code block of a page of `docs` is in the file that it names. The files are compiled and tested in the folder of the page. */
export function itQuotesItsFiles(pageName: string, example: string, filesOfExample: number): void {
  const folder = join(__dirname, pageName);
  const page = readFileSync(`${folder}.md`, 'utf8');
  const quotations = [...page.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map(([, language, file, code]) => ({ language, file, code }));

  it.each(quotations.map((quotation, index) => ({ ...quotation, nth: index + 1 })))(
    'quotes $file in block $nth',
    ({ language, file, code }) => {
      expect(language).toBe('ts');
      expect(readFileSync(join(folder, file), 'utf8')).toContain(code);
    },
  );

  it('quotes from every file of its example', () => {
    const files = readdirSync(join(folder, example), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    expect(files).toHaveLength(filesOfExample);
    expect(files.map((file) => join(example, file)).filter((file) => !quotations.some((quotation) => quotation.file === file))).toEqual([]);
  });
}
