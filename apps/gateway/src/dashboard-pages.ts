import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** Plain files, beside dist/ in the repository and in the image. */
const DASHBOARD_DIR = fileURLToPath(new URL('../../../../dashboard', import.meta.url));

/** The operators' page on the ops port. It holds no secret: what it shows it asks of the admin API, with a token. */
export function serveDashboard(app: NestExpressApplication): void {
  if (existsSync(DASHBOARD_DIR)) app.useStaticAssets(DASHBOARD_DIR, { index: 'index.html' });
}
