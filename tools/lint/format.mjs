import { runTool } from '../command/run-tool.mjs';

// `npm run format`
void runTool(new URL('format-help.txt', import.meta.url), () => import('./format-command.mjs'));
