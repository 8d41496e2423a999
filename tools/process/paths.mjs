import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Files of the tools on this machine: a downloaded Redis, its data, logs. Deleting it loses only saved games. */
export const HOLDFAST_DIR = process.env.HOLDFAST_DIR ?? join(ROOT, '.holdfast');

/** The output of the build. */
export const DIST = join(ROOT, 'dist');

/** The folder from which servers are started. A test may set another folder with its own servers, which are then not built. */
export const SERVERS_DIST = process.env.HOLDFAST_DIST ?? DIST;
