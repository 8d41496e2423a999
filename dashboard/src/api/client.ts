import createClient from 'openapi-fetch';
import { ApiError } from './api-error.js';
import type { paths } from './schema.js';
import { storedToken } from './token.js';

/** Time after which a GET request counts as unanswered, so that the page does not show old facts as if they were present. */
export const ANSWER_MS = 4_000;
/** An act such as a drain may take minutes. */
const ACT_MS = 300_000;

/** Called when the gateway does not accept the token any more. */
let onUnauthorized: (reason: string) => void = () => {};
export function whenUnauthorized(listener: (reason: string) => void): void {
  onUnauthorized = listener;
}

/** All addresses are relative, so that the page also works below a path of a proxy. */
export const api = createClient<paths>({ baseUrl: '.', fetch: send });

/**
 * Returns the body of an answer.
 *
 * @throws ApiError when the gateway refuses the request or does not answer
 */
export async function answerOf<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await request;
  if (data !== undefined) return data;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  throw new ApiError(message ?? `The gateway answers with the status ${response.status}.`, response.status, code ?? 'unknown');
}

export function authorization(): Record<string, string> {
  return { Authorization: `Bearer ${storedToken()}` };
}

async function send(request: Request): Promise<Response> {
  const limitMs = request.method === 'GET' ? ANSWER_MS : ACT_MS;
  const timeout = AbortSignal.timeout(limitMs);
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(authorization())) headers.set(name, value);
  const signal = AbortSignal.any([request.signal, timeout]);
  try {
    const response = await fetch(request, { headers, signal });
    // The body can hang as well. Reading it here puts it under the same time limit.
    const text = await response.text();
    return checked(new Response(text, response));
  } catch (error) {
    if (error instanceof ApiError || request.signal.aborted) throw error;
    if (timeout.aborted) throw new ApiError(`The gateway has not answered within ${limitMs / 1_000} seconds.`, 0);
    throw new ApiError('There is no connection to the gateway.', 0);
  }
}

/** A proxy answers with a page of its own when it cannot reach the gateway. */
function checked(response: Response): Response {
  if (!response.headers.get('content-type')?.includes('json'))
    throw new ApiError(`The gateway does not answer: a server before it sent the status ${response.status}.`, response.status);
  if (response.status === 401) {
    void response
      .clone()
      .json()
      .then(({ message }: { message?: string }) => onUnauthorized(message ?? 'This is not a token of this fleet.'));
  }
  return response;
}
