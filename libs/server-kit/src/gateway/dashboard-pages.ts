import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** The folder of the dashboard: plain files beside `libs`, in the repository, in dist/ and in the package. */
const DASHBOARD_DIR = fileURLToPath(new URL('../../../../dashboard', import.meta.url));

/**
 * Serves the operators' page on the ops port. Anybody may load the page, because it contains no secret: it reads its data from the admin
 * API, with a token.
 */
export function serveDashboard(app: NestExpressApplication): void {
  app.useStaticAssets(DASHBOARD_DIR, { index: 'index.html' });
}
