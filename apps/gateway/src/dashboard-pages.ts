import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** The directory of the dashboard: plain files next to dist/, in the repository and in the image. */
const DASHBOARD_DIR = fileURLToPath(new URL('../../../../dashboard', import.meta.url));

/** Serves the operators' page on the ops port. The page has no secret: it gets its data from the admin API, with a token. */
export function serveDashboard(app: NestExpressApplication): void {
  if (existsSync(DASHBOARD_DIR)) app.useStaticAssets(DASHBOARD_DIR, { index: 'index.html' });
}
