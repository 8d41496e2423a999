import { runTool } from '../command/run-tool.mjs';

// `npm run lint`
void runTool(new URL('help.txt', import.meta.url), () => import('./lint-command.mjs'));
