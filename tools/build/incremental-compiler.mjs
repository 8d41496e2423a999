import { createHash } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { put } from './put.mjs';

/**
 * @typedef {{ file: string, content: string | Buffer }} Output
 *
 * @typedef {object} Translator
 * @property {() => Promise<string[]>} sources all source files
 * @property {(source: string) => string[]} outputsOf the files that are made from a source
 * @property {((source: string) => Promise<Output[]>) | null} translate fails with the error of the source. Null: servers load the sources
 *   themselves, or something else compiles them
 *
 * @typedef {object} Update
 * @property {string[]} changed the output files that were written or removed
 * @property {() => Promise<void>} undo restores the outputs of the last build. The next update compiles the same sources again.
 */

/** Compiles the sources that have changed since the last update. Writes no output while any source has an error. */
export class IncrementalCompiler {
  /** The content hash of each source of the last build. @type {Map<string, string>} */
  #built = new Map();
  /**
   * The hash of each file when it was last read. The compiler does not read a file again while its modification time stays the same.
   *
   * @type {Map<string, { seen: string, hash: string }>}
   */
  #read = new Map();

  /** @param {Translator} translator */
  constructor(translator) {
    this.translator = translator;
  }

  /** Assumes that the compiled files are the result of the current sources, so that the next update compiles only later changes. */
  async adopt() {
    this.#built = await this.#hashes();
  }

  /** Returns whether a source differs from that of the last build. */
  async hasEdits() {
    const [built, now] = [this.#built, await this.#hashes()];
    return built.size !== now.size || [...now].some(([source, hash]) => built.get(source) !== hash);
  }

  /** @returns {Promise<Update>} @throws the error of a source; then no output has changed */
  async update() {
    const { outputsOf, translate } = this.translator;
    const [before, now] = [this.#built, await this.#hashes()];
    const edited = [...now].filter(([source, hash]) => before.get(source) !== hash).map(([source]) => source);
    const removed = [...before.keys()].filter((source) => !now.has(source));
    if (translate === null) return this.#updateWithoutOutputs(before, now, [...edited, ...removed]);
    const outputs = (await Promise.all(edited.map(translate))).flat();
    const written = new Set(outputs.map(({ file }) => file));
    const gone = removed.flatMap(outputsOf).filter((file) => !written.has(file));
    const changed = [...written, ...gone];
    const former = await Promise.all(changed.map(async (file) => ({ file, content: await readFile(file).catch(() => null) })));
    await Promise.all([...outputs.map(({ file, content }) => put(file, content)), ...gone.map((file) => rm(file, { force: true }))]);
    this.#built = now;
    return {
      changed,
      undo: async () => {
        await Promise.all(former.map(({ file, content }) => (content === null ? rm(file, { force: true }) : put(file, content))));
        this.#built = before;
      },
    };
  }

  /** @param {Map<string, string>} before @param {Map<string, string>} now @param {string[]} changed @returns {Update} */
  #updateWithoutOutputs(before, now, changed) {
    this.#built = now;
    return {
      changed,
      undo: async () => {
        this.#built = before;
      },
    };
  }

  async #hashes() {
    const files = await this.translator.sources();
    const hashes = await Promise.all(files.map((file) => this.#hashOf(file)));
    return new Map(files.map((file, index) => [file, hashes[index]]));
  }

  /** @param {string} file */
  async #hashOf(file) {
    const { mtimeNs, size } = (await stat(file, { bigint: true }).catch(() => null)) ?? {};
    const seen = `${mtimeNs} ${size}`;
    const known = this.#read.get(file);
    if (known?.seen === seen) return known.hash;
    const hash = createHash('sha256')
      .update(await readFile(file).catch(() => ''))
      .digest('hex');
    this.#read.set(file, { seen, hash });
    return hash;
  }
}
