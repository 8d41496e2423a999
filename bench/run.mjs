import { runTool } from '../tools/command/run-tool.mjs';

// `npm run bench`
void runTool(new URL('help.txt', import.meta.url), () => import('./command.mjs'));
