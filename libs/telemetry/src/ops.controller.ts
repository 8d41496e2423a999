import { Controller, Get, Header, Res } from '@nestjs/common';
import { Registry } from 'prom-client';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

/** The part of an HTTP response that this file uses, on any platform. */
interface StatusResponse {
  status(code: number): unknown;
}

/**
 * Endpoints for machines, on every server. `livez` uses no dependency: a running process must not be restarted because Redis is
 * unreachable.
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
