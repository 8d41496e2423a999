import { runTool } from '../command/run-tool.mjs';

// `npm run fleet`
void runTool(new URL('help.txt', import.meta.url), () => import('./command.mjs'));
