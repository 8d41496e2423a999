import { Controller, Get, Header, Res } from '@nestjs/common';
import { Registry } from 'prom-client';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

/** The members of an HTTP response that `OpsController` needs, on any platform of Nest. */
interface StatusResponse {
  status(code: number): unknown;
}

/**
 * Endpoints for orchestrators and Prometheus, on every server. `livez` does not depend on Redis, because a restart does not help when Redis
 * is unreachable.
 */
@Controller()
export class OpsController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('livez')
  livez(): { live: true } {
    return { live: true };
  }

  @Get('readyz')
  readyz(@Res({ passthrough: true }) response: StatusResponse): { ready: boolean; notReady: Readonly<Record<string, string>> } {
    const notReady = this.readiness.notReady();
    const ready = Object.keys(notReady).length === 0;
    response.status(ready ? 200 : 503);
    return { ready, notReady };
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  async metricsText(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
