import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** The folder of the built dashboard: beside `libs`, in dist/ and in the package. */
const DASHBOARD_DIR = fileURLToPath(new URL('../../../../dashboard', import.meta.url));

/**
 * The content security policy of the dashboard. It is stricter than the policy of the rest of the ops port: scripts and styles come only
 * from files of the gateway. The page has the admin token, so nothing that gets into its document may run or send data elsewhere.
 */
export const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the dashboard on the ops port. The pages contain no secret, so anybody may load them. They read their data from the admin API,
 * with a token.
 */
export function serveDashboard(app: NestExpressApplication): void {
  app.useStaticAssets(DASHBOARD_DIR, { index: 'index.html', setHeaders });
}

/** Lets browsers cache every file except the pages, because the name of every other file contains a hash of its content. */
function setHeaders(response: ServerResponse, file: string): void {
  const isPage = file.endsWith('.html');
  if (isPage) response.setHeader('Content-Security-Policy', DASHBOARD_POLICY);
  response.setHeader('Cache-Control', isPage ? 'no-cache' : 'public, max-age=31536000, immutable');
}
