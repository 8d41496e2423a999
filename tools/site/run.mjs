import { runTool } from '../command/run-tool.mjs';

// `npm run site`
void runTool(new URL('help.txt', import.meta.url), () => import('./command.mjs'));
