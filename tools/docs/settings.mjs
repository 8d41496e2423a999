import { runTool } from '../command/run-tool.mjs';

// `npm run docs:settings`
void runTool(new URL('settings-help.txt', import.meta.url), () => import('./settings-command.mjs'));
