import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the tools keep on this machine: a fetched Redis, its data, logs. Removing it loses only saved games. */
export const HOLDFAST_DIR = process.env.HOLDFAST_DIR ?? join(ROOT, '.holdfast');

/** What the build makes. */
export const DIST = join(ROOT, 'dist');

/** Where servers are started from. A test names another place, with servers of its own, which are then not built. */
export const SERVERS_DIST = process.env.HOLDFAST_DIST ?? DIST;
