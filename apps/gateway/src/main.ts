import { existsSync } from 'node:fs';
import { startGateway } from '#libs/server-kit';

/** The folder of the players' page. `npm run build` writes it; `nest build` does not. */
const page = new URL('../../../page/', import.meta.url);

// Add modules with extensions here: `extensions: [AccountsModule]` (docs/extending.md).
await startGateway({ pages: existsSync(page) ? page : undefined, extensions: [] });
