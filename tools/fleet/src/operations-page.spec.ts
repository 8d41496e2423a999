import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../process/paths.mjs';
import { newCommand } from './program.js';

const PAGE = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const CALLS = [...PAGE.matchAll(/npm run fleet -- ([a-z][^`\n#]*)/g)].map(([, call = '']) => call.trim());

describe('a command of the fleet tool in docs/operations.md', () => {
  it('is one of more than ten commands on the page', () => {
    expect(CALLS.length).toBeGreaterThan(10);
  });

  it.each([...new Set(CALLS)])('exists with its options: %s', (call) => {
    const [name = '', ...words] = call.split(/\s+/);
    const command = newCommand().commands.find((one) => one.name() === name || one.aliases().includes(name));
    expect(command?.name()).toBeDefined();
    const known = [...(command?.options ?? []), ...newCommand().options].map(({ long }) => long);
    for (const option of words.filter((word) => word.startsWith('--'))) expect(known).toContain(option);
  });
});
