// Like all files that `holdfast --help` loads, this one imports nothing heavy.

/**
 * @typedef {object} BinaryCommand
 * @property {string} name
 * @property {string} about
 * @property {URL} help the file with its help
 * @property {() => Promise<{ main(argv: string[]): unknown }>} load imports the command itself
 * @property {readonly string[]} [given] arguments that stand before those of the user
 */

const tool = (/** @type {string} */ path) => new URL(`../../../tools/${path}`, import.meta.url);

/** The commands of the binary. Those of the scripts in package.json share their implementation. @type {readonly BinaryCommand[]} */
export const COMMANDS = [
  {
    name: 'start',
    about: 'start a whole fleet of this project on this machine',
    help: tool('start/help.txt'),
    load: () => import('../../../tools/start/fleet-command.mjs'),
  },
  {
    name: 'dev',
    about: 'the same, and run each edit at once: only servers that load the edited code are replaced, and rooms go on',
    help: tool('start/help.txt'),
    load: () => import('../../../tools/start/fleet-command.mjs'),
    given: ['--watch'],
  },
  {
    name: 'players',
    about: 'simulate players of tic-tac-toe or chess, and check that no move is lost',
    help: tool('players/help.txt'),
    load: () => import('../../../tools/players/command.mjs'),
  },
  {
    name: 'fleet',
    about: 'operate a running fleet: its servers, rooms, queues and players, the audit log, and a move to another Redis',
    help: tool('fleet/help.txt'),
    load: () => import('../../../tools/fleet/command.mjs'),
  },
  {
    name: 'chaos',
    about: 'inject faults into a fleet of its own while players play and keep a ledger',
    help: tool('chaos/help.txt'),
    load: () => import('../../../tools/chaos/command.mjs'),
  },
  {
    name: 'config',
    about: 'check the configuration and the settings of this project, or print them without secrets',
    help: tool('config/help.txt'),
    load: () => import('../../../tools/config/command.mjs'),
  },
  {
    name: 'conformance',
    about: 'test a client in any language against scripted gateways, or write the test vectors of the protocol',
    help: tool('conformance/help.txt'),
    load: () => import('../../../tools/conformance/command.mjs'),
  },
  {
    name: 'completion',
    about: 'print a completion script for bash or zsh',
    help: new URL('completion-help.txt', import.meta.url),
    load: () => import('./completion-command.mjs'),
  },
];
