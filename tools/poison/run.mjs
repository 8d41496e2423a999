import { runTool } from '../command/run-tool.mjs';

// `npm run poison`
void runTool(new URL('help.txt', import.meta.url), () => import('./command.mjs'));
