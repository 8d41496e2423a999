import { runTool } from '../command/run-tool.mjs';

// `npm run start:gateway`, `start:lobby` and `start:game`
void runTool(new URL('one-help.txt', import.meta.url), () => import('./one-command.mjs'));
