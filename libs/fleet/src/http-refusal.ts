import { HttpException } from '@nestjs/common';
import { type ErrorBody, errorBody } from '#libs/protocol';

/** Returns the status and the error body for an HTTP refusal by Nest or its body parser. Null: the error is not an HTTP refusal. */
export function httpRefusal(error: unknown): { readonly status: number; readonly body: ErrorBody } | null {
  const status = statusOf(error);
  if (status === null) return null;
  const code = status === 404 ? 'not-found' : status < 500 ? 'bad-data' : 'internal';
  return { status, body: errorBody(code, status < 500 ? (error as Error).message : undefined) };
}

/**
 * Returns the HTTP status of a refusal. Null: the error is not a refusal. Errors of the body parser have no class that this function could
 * test, so it recognizes them by their fields.
 */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  const { status, expose } = (error ?? {}) as { readonly status?: unknown; readonly expose?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 && expose === true ? status : null;
}
