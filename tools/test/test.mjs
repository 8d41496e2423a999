import { runTool } from '../command/run-tool.mjs';

// `npm test`, `npm run test:long` and `npm run model`
void runTool(new URL('help.txt', import.meta.url), () => import('./test-command.mjs'));
