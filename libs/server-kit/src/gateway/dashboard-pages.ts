import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** The folder of the dashboard: plain files beside `libs`, in the repository, in dist/ and in the package. */
const DASHBOARD_DIR = fileURLToPath(new URL('../../../../dashboard', import.meta.url));

/**
 * Serves the dashboard on the ops port. The pages contain no secret, so anybody may load them. They read their data from the admin API,
 * with a token.
 */
export function serveDashboard(app: NestExpressApplication): void {
  app.useStaticAssets(DASHBOARD_DIR, { index: 'index.html' });
}
