/**
 * The entries of the public packages.
 *
 * @typedef {object} ReferenceEntry
 * @property {string} page the page of the reference, without its extension
 * @property {string} name the specifier of the import
 * @property {string} source the file with its exports
 * @property {string} about the contents of the entry, in one sentence
 */

/** @type {readonly ReferenceEntry[]} */
export const REFERENCE = [
  { page: 'game-kit', name: '@holdfast/game-kit', source: 'libs/game-kit/src/index.ts', about: 'The rules of a game, and `GameTest`.' },
  { page: 'client', name: '@holdfast/client', source: 'libs/client/src/index.ts', about: 'Sessions, rooms and commands of a player.' },
  {
    page: 'client-realtime',
    name: '@holdfast/client/realtime',
    source: 'libs/client/src/realtime.ts',
    about: 'Prediction and interpolation.',
  },
  {
    page: 'client-lobby',
    name: '@holdfast/client/lobby',
    source: 'libs/client/src/lobby.ts',
    about: 'Lists of rooms, and controls of a host.',
  },
  { page: 'client-chat', name: '@holdfast/client/chat', source: 'libs/client/src/chat.ts', about: 'Chats of rooms and lobbies.' },
  {
    page: 'client-compact',
    name: '@holdfast/client/compact',
    source: 'libs/client/src/compact.ts',
    about: 'The decoder of compact syncs.',
  },
  { page: 'client-node', name: '@holdfast/client/node', source: 'libs/client/src/node.ts', about: 'The client for Node, also over TCP.' },
  { page: 'react', name: '@holdfast/react', source: 'packages/react/src/index.ts', about: 'Hooks for React.' },
  { page: 'server', name: '@holdfast/server', source: 'libs/server-kit/src/index.ts', about: 'The three servers.' },
  { page: 'server-ports', name: '@holdfast/server/ports', source: 'libs/server-kit/src/ports.ts', about: 'The ports of extensions.' },
  { page: 'testing', name: '@holdfast/testing', source: 'tools/testing/index.ts', about: 'A whole fleet in a test.' },
];
