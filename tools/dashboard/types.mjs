import { runTool } from '../command/run-tool.mjs';

// `npm run dashboard:types`
void runTool(new URL('types-help.txt', import.meta.url), () => import('./types-command.mjs'));
