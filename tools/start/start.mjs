import { runTool } from '../command/run-tool.mjs';

// `npm start` and `npm run dev`
void runTool(new URL('help.txt', import.meta.url), () => import('./fleet-command.mjs'));
