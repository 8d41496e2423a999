/**
 * Folders and files whose comments, test names, exported types and log events follow `STYLE.md`. `tools/prose.spec.ts`
 * checks them. `npm run prose -- FOLDER` shows the problems of one that is not listed yet.
 */
export const CLEAN = [
  'apps/game',
  'bench',
  'dashboard',
  'docs',
  'games/tic-tac-toe',
  'libs/async',
  'libs/client',
  'libs/fleet',
  'libs/link',
  'libs/page',
  'libs/session',
  'libs/tls',
  'libs/websocket',
  'test/browser',
  'tools/docs',
  'tools/fleet',
  'tools/fuzz',
  'tools/jest',
  'tools/players',
  'tools/prose',
  'tools/prose.spec.ts',
  'tools/redis',
  'tools/start',
];
