import { runTool } from '../command/run-tool.mjs';

// `npm run capacity`
void runTool(new URL('help.txt', import.meta.url), () => import('./command.mjs'));
