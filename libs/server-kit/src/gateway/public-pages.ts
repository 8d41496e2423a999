import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import { pageHeaders } from '#libs/server';

export interface PublicPagesOptions {
  /** The kind of login that the page offers: with a free name (`guest`), or with a token (`jwt`). */
  readonly auth: 'guest' | 'jwt';
  /** The folder of the page, with an `index.html`. */
  readonly pages?: string | URL | undefined;
}

/**
 * Serves the page of the game on the public port.
 *
 * @throws an error when the folder has no `index.html`
 */
export function publicPages({ auth, pages }: PublicPagesOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(pageHeaders({ connectTo: ['ws:', 'wss:'], framedBy: "'self'" }));
  app.get('/about.json', (_, response) => {
    response.set('Cache-Control', 'no-store').json({ auth });
  });
  if (pages !== undefined) app.use(express.static(pageFolder(pages), { index: 'index.html' }));
  app.use((_, response) => {
    response.status(404).type('text/plain').send('This page does not exist. Players connect at /play.\n');
  });
  return app;
}

function pageFolder(pages: string | URL): string {
  const folder = pages instanceof URL ? fileURLToPath(pages) : resolve(pages);
  if (!existsSync(join(folder, 'index.html')))
    throw new Error(`pages is ${folder}, which has no index.html: build the page first, or start the gateway without \`pages\``);
  return folder;
}
