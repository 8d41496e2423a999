import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Time limit for one run of apt-get, in ms. Afterwards, the mirror counts as unreachable. */
const APT_TIMEOUT_MS = 300_000;
/** Time limit for the first data of a mirror, in ms. apt-get itself would try for minutes. */
const MIRROR_TIMEOUT_MS = 5_000;

/**
 * Runs apt-get with a state and a cache in a work folder. It needs no root and changes nothing on the machine. It unpacks downloaded
 * packages and does not install them.
 */
export class OwnApt {
  /** @param {string} work @param {NodeJS.ProcessEnv} env */
  constructor(work, env) {
    this.work = work;
    this.env = env;
    this.archives = join(work, 'apt/cache/archives');
  }

  /** @param {string} work @param {NodeJS.ProcessEnv} env @returns {Promise<OwnApt>} with the mirror's current lists */
  static async open(work, env) {
    const apt = new OwnApt(work, env);
    await mkdir(join(work, 'apt/state/lists/partial'), { recursive: true });
    await mkdir(join(apt.archives, 'partial'), { recursive: true });
    await apt.#update();
    return apt;
  }

  /**
   * Unpacks these packages without their dependencies.
   *
   * @param {readonly string[]} packages @param {string} root the folder that takes the place of `/`
   */
  async unpack(packages, root) {
    await this.#get('download', ...packages);
    await this.#unpackFrom(this.work, root);
  }

  /**
   * Unpacks these packages and all their dependencies that this machine lacks.
   *
   * @param {readonly string[]} packages
   * @param {string} root the folder that takes the place of `/`
   */
  async unpackWithDependencies(packages, root) {
    await this.#get('install', '--download-only', '--yes', '--no-install-recommends', ...packages);
    await this.#unpackFrom(this.archives, root);
  }

  /** @param {string} folder @param {string} root */
  async #unpackFrom(folder, root) {
    await mkdir(root, { recursive: true });
    for (const file of await readdir(folder)) {
      if (!file.endsWith('.deb')) continue;
      await run('dpkg', ['-x', join(folder, file), root], { env: this.env });
      await rm(join(folder, file));
    }
  }

  /**
   * @throws {Error} with the host of the mirror when no mirror answers. In this case, apt-get itself reports no error and uses its old
   *   lists.
   */
  async #update() {
    let output = '';
    const isAnswered = () => /^(Get|Hit):/m.test(output);
    const update = this.#start('update');
    update.child.stdout?.on('data', (text) => {
      output += text;
    });
    const impatience = setTimeout(() => {
      if (isAnswered()) return;
      update.child.kill('SIGKILL');
      // Closes the output explicitly, because the child processes of apt-get keep it open while they look up the address of the mirror.
      update.child.stdout?.destroy();
      update.child.stderr?.destroy();
    }, MIRROR_TIMEOUT_MS);
    const failure = await update.then(
      () => null,
      (error) => error,
    );
    clearTimeout(impatience);
    if (!isAnswered()) {
      const reason = failure?.killed ? `no answer within ${MIRROR_TIMEOUT_MS / 1_000} s` : /^Err:.*\n +(.+)/m.exec(output)?.[1];
      throw new Error(`the package mirror ${await this.#mirror()} cannot be reached (${reason ?? reasonOf(failure)})`);
    }
    if (failure) throw new Error(`apt-get update: ${reasonOf(failure)}`);
  }

  async #mirror() {
    const { stdout } = await this.#start('--print-uris', 'update').catch(() => ({ stdout: '' }));
    return /\/\/([^/]+)\//.exec(stdout)?.[1] ?? 'of this system';
  }

  /** @param {string[]} args */
  async #get(...args) {
    await this.#start(...args).catch((error) => {
      throw new Error(`apt-get ${args[0]}: ${reasonOf(error)}`);
    });
  }

  /** @param {string[]} args */
  #start(...args) {
    const options = [
      `Dir::State=${join(this.work, 'apt/state')}`,
      `Dir::Cache=${join(this.work, 'apt/cache')}`,
      'Dir::State::status=/var/lib/dpkg/status',
      'Debug::NoLocking=true',
      // Without this option, apt-get of root would download as the user _apt, who may not write to the work folder.
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
      'Acquire::Retries=2',
      'Acquire::http::Timeout=20',
    ].flatMap((option) => ['-o', option]);
    return run('apt-get', [...options, '-q', ...args], {
      cwd: this.work,
      env: { ...this.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      timeout: APT_TIMEOUT_MS,
      maxBuffer: 64 << 20,
    });
  }
}

/** @param {unknown} error @returns {string} the first error that apt-get printed */
function reasonOf(error) {
  const { stderr = '' } = /** @type {{ stderr?: string }} */ (error ?? {});
  return (
    stderr.split('\n').find((line) => line.startsWith('E:')) ?? (error instanceof Error ? error.message.split('\n')[0] : String(error))
  );
}

/**
 * Folders with libraries of unpacked packages: usr/lib/<machine>/, in older packages lib/<machine>/, and some of their subfolders
 * (pulseaudio).
 *
 * @param {string} root
 * @returns {Promise<string[]>}
 */
export async function libraryFolders(root) {
  /** @type {string[]} */
  const folders = [];
  for (const parent of ['usr/lib', 'lib']) {
    for (const machine of (await foldersIn(join(root, parent))).filter((folder) => folder.includes('-linux-'))) {
      folders.push(machine);
      for (const folder of await foldersIn(machine)) {
        if ((await readdir(folder)).some((name) => /^lib.*\.so/.test(name))) folders.push(folder);
      }
    }
  }
  return folders;
}

/** @param {string} parent @returns {Promise<string[]>} */
async function foldersIn(parent) {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(parent, entry.name));
}
