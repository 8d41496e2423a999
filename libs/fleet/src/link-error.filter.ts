import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { errorBody, HoldfastError } from '#libs/protocol';
import { answerTo } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { httpRefusal } from './http-refusal.js';

interface JsonResponse {
  readonly headersSent: boolean;
  status(code: number): { json(body: unknown): unknown };
}

/**
 * The link's edge: whatever a handler throws leaves as an error body with a code; a surprise is logged, once, here. So
 * does what the ops port refuses before any controller is asked: a path that is none, a body that cannot be read.
 */
@Catch()
export class LinkErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() !== 'rpc') {
      this.answer(error, host.switchToHttp().getResponse());
      return undefined;
    }
    if (!(error instanceof HoldfastError) && !(error instanceof HttpException)) this.surprise(error);
    return throwError(() => answerTo(error));
  }

  private answer(error: unknown, response: JsonResponse): void {
    const refusal = httpRefusal(error);
    if (!refusal) this.surprise(error);
    if (response.headersSent) return;
    const { status, body } = refusal ?? { status: 500, body: errorBody('internal') };
    response.status(status).json(body);
  }

  private surprise(error: unknown): void {
    // A failure of the store is told of once, elsewhere.
    this.log.error('request.failed', { error });
  }
}
