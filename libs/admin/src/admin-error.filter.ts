import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { httpRefusal } from '#libs/fleet';
import { type ErrorBody, errorBody, HoldfastError, toErrorBody } from '#libs/protocol';
import { storeFailureOf } from '#libs/redis';
import { Log } from '#libs/telemetry';

interface JsonResponse {
  readonly headersSent: boolean;
  status(code: number): JsonResponse;
  set(name: string, value: string): JsonResponse;
  json(body: unknown): unknown;
}

/** Converts every error of the admin API into `{code, message, retry}` with an HTTP status. Logs unexpected errors. */
@Catch()
@Injectable()
export class AdminErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<JsonResponse>();
    const { status, body } = answerTo(error);
    if (status === 500 || storeFailureOf(error)) this.log.error('admin.request-failed', { error });
    if (response.headersSent) return;
    if (status === 401) response.set('WWW-Authenticate', 'Bearer');
    response.status(status).json(body);
  }
}

export function answerTo(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  if (error instanceof HoldfastError) return { status: STATUS[error.code] ?? (error.retry ? 503 : 409), body: error.toBody() };
  const refusal = httpRefusal(error);
  if (refusal) return refusal;
  const failure = storeFailureOf(error);
  if (failure)
    return {
      status: 503,
      body: errorBody('unavailable', `Redis is unavailable (${failure.reason}). The request may not have been carried out.`),
    };
  return { status: 500, body: toErrorBody(error) };
}

/** The HTTP status of some codes. All other codes get 409 (not in this state) or 503 (try again). */
const STATUS: Readonly<Record<string, number>> = {
  unauthorized: 401,
  'not-found': 404,
  'room-unknown': 404,
  'bad-data': 400,
  forbidden: 403,
  internal: 502,
};
