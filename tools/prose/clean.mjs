/**
 * Folders and files whose comments, test names, exported types and log events follow `STYLE.md`. `tools/prose.spec.ts`
 * checks them. `npm run prose -- FOLDER` shows the problems of one that is not listed yet.
 */
export const CLEAN = [
  'bench/results-pages.spec.ts',
  'bench/results-pages.ts',
  'bench/results.ts',
  'dashboard',
  'docs',
  'games/tic-tac-toe/src',
  'libs/async',
  'libs/websocket',
  'test/browser',
  'tools/docs',
  'tools/jest',
  'tools/prose',
  'tools/prose.spec.ts',
];
