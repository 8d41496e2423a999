import { runTool } from '../command/run-tool.mjs';

// `npm run chaos` and `npm run rolling`
void runTool(new URL('help.txt', import.meta.url), () => import('./command.mjs'));
