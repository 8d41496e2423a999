/**
 * Folders and files whose comments, test names, exported types and log events follow `STYLE.md`. `tools/prose.spec.ts` checks them. `npm
 * run prose -- FOLDER` shows the problems of a folder that is not listed yet.
 */
export const CLEAN = [
  'apps/game',
  'apps/lobby',
  'bench',
  'dashboard',
  'docs',
  'games/tic-tac-toe',
  'libs/async',
  'libs/chat',
  'libs/client',
  'libs/edge',
  'libs/extension',
  'libs/fleet',
  'libs/game-page',
  'libs/health',
  'libs/link',
  'libs/lobby',
  'libs/recovery',
  'libs/redis-url',
  'libs/room-host',
  'libs/room-store',
  'libs/server-kit',
  'libs/session',
  'libs/state-patch',
  'libs/tls',
  'libs/websocket',
  'test',
  'tools',
];
