import { runTool } from '../command/run-tool.mjs';

// `npm run docs:help`
void runTool(new URL('help-help.txt', import.meta.url), () => import('./help-command.mjs'));
