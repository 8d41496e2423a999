import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(__dirname, '../../../docs');
/** The folders of the documentation that contain examples of extensions. */
const EXAMPLES = ['extending', 'matchmaking', 'placement'].map((name) => join(DOCS, name));
const ports = new Set(
  [...readFileSync(join(__dirname, 'ports.ts'), 'utf8').matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names]) => namesIn(names)),
);

describe('the entry for extensions', () => {
  it('exports every name that an extension in the documentation imports', () => {
    const imported = EXAMPLES.flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
        .map((file) => readFileSync(join(folder, file), 'utf8'))
        .filter((code) => code.includes('@Extension('))
        .flatMap((code) =>
          [...code.matchAll(/^import (?:type )?\{([^}]*)\} from '@holdfast\/server\/ports';$/gm)].flatMap(([, names]) => namesIn(names)),
        ),
    );
    expect(imported).toContain('Authenticator');
    expect(imported.filter((name) => !ports.has(name))).toEqual([]);
  });
});

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '');
}
