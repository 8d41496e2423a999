import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { IncrementalCompiler } from '../build/incremental-compiler.mjs';
import { typeScriptTranslator } from './typescript-translator.mjs';

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    rootDir: 'src',
    outDir: 'dist',
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    noEmit: true,
  },
  include: ['src'],
};

describe('a TypeScript project', () => {
  let root: string;
  let compiler: IncrementalCompiler;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-typescript-'));
    mkdirSync(join(root, 'src'));
    write('tsconfig.json', JSON.stringify(TSCONFIG));
    write(
      'src/one.ts',
      "import { Two } from './two.js';\n@mark class One { constructor(readonly two: Two) {} }\nexport const one: number = 1;\n",
    );
    write('src/two.ts', 'export class Two {}\n');
    compiler = new IncrementalCompiler(typeScriptTranslator(ts, join(root, 'tsconfig.json')));
    await compiler.update();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(file: string, text: string): void {
    writeFileSync(join(root, file), text);
  }

  function built(file: string): string {
    return readFileSync(join(root, 'dist', file), 'utf8');
  }

  it('is compiled with the metadata for Nest, and with source maps that contain the sources', () => {
    expect(built('one.js')).toContain("import { Two } from './two.js';");
    expect(built('one.js')).toMatch(/"design:paramtypes", \[typeof \(_a = typeof Two/);
    expect(built('one.js')).toMatch(/\/\/# sourceMappingURL=one\.js\.map\n$/);
    expect(JSON.parse(built('one.js.map')).sourcesContent[0]).toContain('@mark class One');
  });

  it('has new output only for edited files, and no output for removed files', async () => {
    write('src/two.ts', 'export class Two { readonly three = 3; }\n');
    expect((await compiler.update()).changed.sort()).toEqual([join(root, 'dist/two.js'), join(root, 'dist/two.js.map')]);
    expect(built('two.js')).toContain('three = 3');
    rmSync(join(root, 'src/two.ts'));
    expect((await compiler.update()).changed).toEqual([join(root, 'dist/two.js'), join(root, 'dist/two.js.map')]);
    expect(() => built('two.js')).toThrow('ENOENT');
    expect((await compiler.update()).changed).toEqual([]);
  });

  it('has the output of the last build while a file has an error, and the error names the position', async () => {
    write('src/two.ts', 'export class Two { good = 1; }\n');
    write('src/one.ts', '\nconst x = ;\n');
    await expect(compiler.update()).rejects.toThrow(/one\.ts:2:11 Expression expected/);
    expect(built('two.js')).not.toContain('good');
    write('src/one.ts', 'export const one = 2;\n');
    expect((await compiler.update()).changed.filter((file) => file.endsWith('.js'))).toHaveLength(2);
  });

  it('has the output of the last build again after `undo`, and the output of the edits after the next update', async () => {
    const before = built('two.js');
    write('src/two.ts', 'throw new Error("no start");\n');
    write('src/three.ts', 'export const three = 3;\n');
    const update = await compiler.update();
    expect(built('two.js')).toContain('no start');
    await update.undo();
    expect(built('two.js')).toBe(before);
    expect(() => built('three.js')).toThrow('ENOENT');
    write('src/three.ts', 'export const three = 4;\n');
    expect((await compiler.update()).changed.filter((file) => file.endsWith('.js'))).toHaveLength(2);
  });

  it('is refused without an `outDir`', async () => {
    const { outDir, ...compilerOptions } = TSCONFIG.compilerOptions;
    write('tsconfig.json', JSON.stringify({ ...TSCONFIG, compilerOptions }));
    await expect(compiler.update()).rejects.toThrow('has no outDir: set compilerOptions.outDir, such as "dist".');
  });
});
