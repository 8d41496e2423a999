import { readFile } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import { PlainError } from '../process/plain-error.mjs';

/**
 * Compiles the files of a TypeScript configuration one by one, with the TypeScript of the project. Does not check types, because this takes
 * seconds. `type-check.mjs` checks them.
 *
 * @param {typeof import('typescript')} ts
 * @param {string} tsconfig
 * @returns {import('../build/incremental-compiler.mjs').Translator}
 */
export function typeScriptTranslator(ts, tsconfig) {
  let parsed = parse(ts, tsconfig);
  /**
   * The output files of each source. The map also contains removed sources, because the compiler returns output files only for existing
   * sources.
   *
   * @type {Map<string, string[]>}
   */
  const outputs = new Map();
  return {
    sources: async () => {
      parsed = parse(ts, tsconfig);
      const sources = parsed.fileNames.filter((file) => !/\.d\.[cm]?ts$/.test(file)).sort();
      for (const source of sources) outputs.set(source, outputsOf(ts, parsed, source));
      return sources;
    },
    outputsOf: (source) => outputs.get(source) ?? [],
    translate: async (source) => {
      const script = outputs.get(source)?.find((file) => /\.[cm]?js$/.test(file));
      if (script === undefined) return [];
      const { outputText, sourceMapText, diagnostics } = ts.transpileModule(await readFile(source, 'utf8'), {
        fileName: source,
        reportDiagnostics: true,
        // Selects ES modules. With `nodenext`, the compiler would write CommonJS, because it does not read the package.json of the project
        // here.
        compilerOptions: {
          ...parsed.options,
          module: ts.ModuleKind.ESNext,
          moduleResolution: ts.ModuleResolutionKind.Bundler,
          rootDir: undefined,
          outDir: undefined,
        },
      });
      const [error] = diagnostics ?? [];
      if (error) throw new PlainError(sentenceOf(ts, source, error));
      const text = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
      return [
        { file: script, content: `${text}//# sourceMappingURL=${basename(script)}.map\n` },
        {
          file: `${script}.map`,
          content: JSON.stringify({ ...JSON.parse(sourceMapText ?? '{}'), sources: [relative(dirname(script), source)] }),
        },
      ];
    },
  };
}

/** @param {typeof import('typescript')} ts @param {string} tsconfig */
function parse(ts, tsconfig) {
  const fail = (/** @type {import('typescript').Diagnostic} */ error) => {
    throw new PlainError(`${tsconfig}: ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`);
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(
    tsconfig,
    {
      noEmit: false,
      declaration: false,
      sourceMap: true,
      inlineSourceMap: false,
      inlineSources: true,
      incremental: false,
      composite: false,
    },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  if (!parsed) throw new PlainError(`${tsconfig} cannot be read.`);
  const [error] = parsed.errors;
  if (error) fail(error);
  if (!parsed.options.outDir) throw new PlainError(`${tsconfig} has no outDir: set compilerOptions.outDir, such as "dist".`);
  return parsed;
}

/** @param {typeof import('typescript')} ts @param {import('typescript').ParsedCommandLine} parsed @param {string} source */
function outputsOf(ts, parsed, source) {
  return ts.getOutputFileNames(parsed, source, !ts.sys.useCaseSensitiveFileNames).filter((file) => /\.[cm]?js(\.map)?$/.test(file));
}

/** @param {typeof import('typescript')} ts @param {string} source @param {import('typescript').Diagnostic} error */
function sentenceOf(ts, source, { file, start, messageText }) {
  const { line = 0, character = 0 } = file && start !== undefined ? file.getLineAndCharacterOfPosition(start) : {};
  return `${relative(process.cwd(), source)}:${line + 1}:${character + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}
