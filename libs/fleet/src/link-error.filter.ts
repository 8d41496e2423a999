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
 * Turns each error of a handler into an error body with a code, for links and for the ops port. Logs unexpected errors once. On the ops
 * port, also answers requests that reach no controller, such as a request with an unknown path or a malformed body.
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
    // For a failure of the store, `Log` writes this line at level `debug`, because another line already reports the outage.
    this.log.error('request.failed', { error });
  }
}
