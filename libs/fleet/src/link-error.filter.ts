import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';
import { HoldfastError, toErrorBody } from '#libs/protocol';
import { Log } from '#libs/telemetry';

/** The link's edge: whatever a handler throws leaves as an error body with a code; a surprise is logged, once, here. */
@Catch()
export class LinkErrorFilter extends BaseExceptionFilter {
  constructor(private readonly log: Log) {
    super();
  }

  override catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'rpc') return super.catch(error, host);
    if (!(error instanceof HoldfastError) && !(error instanceof HttpException)) {
      this.log.error('request.failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
    return throwError(() => toErrorBody(error));
  }
}
