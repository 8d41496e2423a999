import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Beginning of the names of all namespaces. The pid of the run follows it. */
const PREFIX = 'hfp-';
const TABLE = 'inet holdfast';

/**
 * A bridge on this machine, with one network namespace for each server. Redis and the players use the machine's end of the bridge. `close`
 * and the exit of the process remove the bridge and the namespaces. After kill -9, the next run removes them.
 */
export class Network {
  /** @param {import('./find-net-tools.mjs').NetTools} tools */
  constructor(tools) {
    this.tools = tools;
    this.bridge = `hfb${process.pid}`;
    // Each run has its own network addresses, so that two runs do not conflict.
    this.net = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}`;
    /** @type {Map<string, { namespace: string, address: string, near: string }>} */
    this.members = new Map();
    this.isClosed = false;
    this.onExit = () => this.#removeNow();
  }

  /** @param {import('./find-net-tools.mjs').NetTools} tools @returns {Promise<Network>} */
  static async open(tools) {
    removeLeftovers(tools);
    const network = new Network(tools);
    process.once('exit', network.onExit);
    await network.#ip('link', 'add', network.bridge, 'type', 'bridge');
    await network.#ip('addr', 'add', `${network.address}/24`, 'dev', network.bridge);
    await network.#ip('link', 'set', network.bridge, 'up');
    return network;
  }

  /** The address of this machine on the bridge. */
  get address() {
    return `${this.net}.1`;
  }

  /** Adds a namespace with its own address on the bridge. @param {string} name */
  async add(name) {
    const number = this.members.size + 1;
    const namespace = `${PREFIX}${process.pid}-${name}`;
    const address = `${this.net}.${10 + number}`;
    const [near, far] = [`hf${process.pid}v${number}`, 'eth0'];
    this.members.set(name, { namespace, address, near });
    await this.#ip('netns', 'add', namespace);
    await this.#ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
    await this.#ip('link', 'set', near, 'master', this.bridge, 'up');
    await this.#ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', far);
    await this.#ip('-n', namespace, 'link', 'set', far, 'up');
    await this.#ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await this.#nft(name, [`add table ${TABLE}`]);
  }

  /** @param {string} name */
  addressOf(name) {
    return this.#member(name).address;
  }

  /**
   * Returns the prefix with which a command runs in the namespace. The started process becomes the command, so the command has the pid of
   * that process.
   *
   * @param {string} name @returns {string[]}
   */
  within(name) {
    return [this.tools.ip, 'netns', 'exec', this.#member(name).namespace];
  }

  /**
   * Replaces the nftables rules for the packets to and from a namespace. Without rules, all packets pass. The rules also affect connections
   * that are already open.
   *
   * @param {string} name @param {{ input?: readonly string[], output?: readonly string[] }} rules
   */
  async setRules(name, { input = [], output = [] }) {
    const chain = (/** @type {string} */ hook, /** @type {readonly string[]} */ lines) => [
      `chain ${hook} {`,
      `type filter hook ${hook} priority 0; policy accept;`,
      ...lines,
      '}',
    ];
    await this.#nft(name, [`delete table ${TABLE}`, `table ${TABLE} {`, ...chain('input', input), ...chain('output', output), '}']);
  }

  async close() {
    if (this.isClosed) return;
    this.isClosed = true;
    process.off('exit', this.onExit);
    for (const { namespace, near } of this.members.values()) {
      await run(this.tools.ip, ['link', 'del', near]).catch(() => {});
      await run(this.tools.ip, ['netns', 'del', namespace]).catch(() => {});
    }
    await run(this.tools.ip, ['link', 'del', this.bridge]).catch(() => {});
  }

  #removeNow() {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { namespace } of this.members.values()) removeNamespace(this.tools, namespace);
    quietly(this.tools.ip, ['link', 'del', this.bridge]);
  }

  /** @param {string} name */
  #member(name) {
    const member = this.members.get(name);
    if (!member) throw new Error(`there is no ${name} in this network`);
    return member;
  }

  /** @param {string[]} args */
  async #ip(...args) {
    await run(this.tools.ip, args);
  }

  /** Runs an nftables script in one transaction. @param {string} name @param {readonly string[]} script lines */
  async #nft(name, script) {
    const [command, ...args] = [...this.within(name), this.tools.nft, '-f', '-'];
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let words = '';
    child.stderr.on('data', (chunk) => {
      words += chunk;
    });
    child.stdin.end(`${script.join('\n')}\n`);
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`nft refused the rules of ${name}: ${words.trim()}`);
  }
}

/** Removes the namespaces and bridges of runs whose process no longer exists. @param {import('./find-net-tools.mjs').NetTools} tools */
export function removeLeftovers(tools) {
  const namespaces = quietly(tools.ip, ['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0]);
  for (const name of namespaces) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid && !isRun(pid)) removeNamespace(tools, name);
  }
  for (const [, name, pid] of quietly(tools.ip, ['-o', 'link']).matchAll(/^\d+: (hfb(\d+))[:@]/gm))
    if (!isRun(pid)) quietly(tools.ip, ['link', 'del', name]);
}

/**
 * Removes a namespace. Kills its processes first, because a namespace with a process continues to exist without a name.
 *
 * @param {import('./find-net-tools.mjs').NetTools} tools @param {string} name
 */
function removeNamespace(tools, name) {
  for (const pid of quietly(tools.ip, ['netns', 'pids', name]).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Ignores the error, because the process has already ended.
    }
  }
  quietly(tools.ip, ['netns', 'del', name]);
}

/**
 * Returns whether the process with this pid runs this tool. Compares the command line, because the system has perhaps given the pid to
 * another program.
 *
 * @param {string} pid
 */
function isRun(pid) {
  if (Number(pid) === process.pid) return true;
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('tools/partitions');
  } catch {
    return false;
  }
}

/** @param {string} command @param {string[]} args @returns {string} the output; empty when the command failed */
function quietly(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
