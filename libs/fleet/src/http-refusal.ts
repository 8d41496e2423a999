import { HttpException } from '@nestjs/common';
import { type ErrorBody, errorBody } from '#libs/protocol';

/** What the framework refuses by itself, as everything is refused: with a code. Null: it is no refusal of HTTP. */
export function httpRefusal(error: unknown): { readonly status: number; readonly body: ErrorBody } | null {
  const status = statusOf(error);
  if (status === null) return null;
  const code = status === 404 ? 'not-found' : status < 500 ? 'bad-data' : 'internal';
  return { status, body: errorBody(code, status < 500 ? (error as Error).message : undefined) };
}

/** Nest's own, or one of the body's reader: those carry a status and no class of their own. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  const { status, expose } = (error ?? {}) as { readonly status?: unknown; readonly expose?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 && expose === true ? status : null;
}
