import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** In ms. A slower mirror is treated as unreachable. */
const APT_TIMEOUT_MS = 300_000;

/**
 * apt-get with its own state and cache in a work folder. It needs no root and changes nothing on the machine. Downloaded packages
 * are unpacked, not installed.
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
    await apt.#get('update');
    return apt;
  }

  /** Unpacks only these packages. @param {readonly string[]} packages @param {string} root stands for `/` */
  async unpack(packages, root) {
    await this.#get('download', ...packages);
    await this.#unpackFrom(this.work, root);
  }

  /**
   * Unpacks these packages and all their dependencies that this machine lacks.
   *
   * @param {readonly string[]} packages
   * @param {string} root stands for `/`
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

  /** @param {string[]} args */
  async #get(...args) {
    const options = [
      `Dir::State=${join(this.work, 'apt/state')}`,
      `Dir::Cache=${join(this.work, 'apt/cache')}`,
      'Dir::State::status=/var/lib/dpkg/status',
      'Debug::NoLocking=true',
      // When it runs as root, apt would download as the user _apt, who must not write here.
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
      'Acquire::Retries=2',
      'Acquire::http::Timeout=20',
    ].flatMap((option) => ['-o', option]);
    try {
      await run('apt-get', [...options, '-q', ...args], {
        cwd: this.work,
        env: { ...this.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
        timeout: APT_TIMEOUT_MS,
        maxBuffer: 64 << 20,
      });
    } catch (error) {
      const { stderr = '' } = /** @type {{ stderr?: string }} */ (error);
      const reason = stderr.split('\n').find((line) => line.startsWith('E:'));
      throw new Error(`apt-get ${args[0]}: ${reason ?? (error instanceof Error ? error.message.split('\n')[0] : error)}`);
    }
  }
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
