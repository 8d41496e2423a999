/**
 * Folders and files whose comments, test names, exported types and log events follow `STYLE.md`. `tools/prose.spec.ts`
 * checks them. `npm run prose -- FOLDER` shows the problems of one that is not listed yet.
 */
export const CLEAN = [
  'dashboard',
  'docs/writing-a-game/games/drift',
  'games/tic-tac-toe/src',
  'test/browser',
  'tools/docs',
  'tools/jest',
  'tools/prose',
  'tools/prose.spec.ts',
];
