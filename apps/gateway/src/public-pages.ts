import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import { pageHeaders } from '#libs/server';

/** The directory of the player page, which `npm run build` creates. Without it the gateway still serves players, but not this page. */
const PAGE_DIR = fileURLToPath(new URL('../../../page', import.meta.url));

/** Facts that the page needs before a player logs in. */
export interface PublicFacts {
  readonly auth: 'guest' | 'jwt';
}

/** Serves the player page on the public port. */
export function publicPages({ auth }: PublicFacts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(pageHeaders({ connectTo: ['ws:', 'wss:'], framedBy: "'self'" }));
  app.get('/about.json', (_, response) => {
    response.set('Cache-Control', 'no-store').json({ auth });
  });
  if (existsSync(PAGE_DIR)) app.use(express.static(PAGE_DIR, { index: 'index.html' }));
  app.use((_, response) => {
    response.status(404).type('text/plain').send('This page does not exist. Players connect at /play.\n');
  });
  return app;
}
