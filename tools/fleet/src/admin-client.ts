import type { Target } from './target.js';

/** Thrown when the fleet refuses a request, or when no gateway answers. The message is a sentence for the user. */
export class FleetError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'FleetError';
  }

  get body(): { readonly code: string; readonly message: string } {
    return { code: this.code, message: this.message };
  }
}

/** The time limit for an answer, in ms. Every command takes less time. The longest one, a drain, takes up to two minutes. */
const ANSWER_MS = 150_000;

export class AdminClient {
  constructor(readonly target: Target) {}

  async get<Answer>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
    return this.ask('GET', pathWith(path, query));
  }

  async post<Answer>(path: string, body: object = {}): Promise<Answer> {
    return this.ask('POST', path, body);
  }

  async delete<Answer>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
    return this.ask('DELETE', pathWith(path, query));
  }

  /**
   * Yields the last `recent` events, and then each new event until the connection ends. `kind`: kinds and groups of kinds, separated by
   * commas (default: all). `severity`: the lowest severity (default: `info`).
   */
  async *events({ recent = 0, kind, severity, signal }: EventsWanted = {}): AsyncGenerator<FleetEventLine> {
    const query = new URLSearchParams({ recent: String(recent), ...(kind && { kind }), ...(severity && { severity }) });
    const response = await this.send('GET', `/api/events?${query}`, undefined, signal);
    let rest = '';
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(
      new TextDecoderStream() as never,
    ) as unknown as AsyncIterable<string>) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = block
          .split('\n')
          .filter((line) => line.startsWith('data: '))
          .map((line) => line.slice('data: '.length))
          .join('\n');
        if (data !== '') yield JSON.parse(data) as FleetEventLine;
      }
    }
  }

  private async ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await this.send(method, path, body, AbortSignal.timeout(ANSWER_MS));
    return (await response.json()) as Answer;
  }

  private async send(method: string, path: string, body: object | undefined, signal: AbortSignal | undefined): Promise<Response> {
    const { url, token } = this.target;
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
    } catch (error) {
      if ((error as { name?: string }).name === 'TimeoutError') throw new FleetError('unavailable', `${url} did not answer in time.`);
      if ((error as { name?: string }).name === 'AbortError') throw error;
      const why = (error as { cause?: { code?: string } }).cause?.code ?? String(error);
      throw new FleetError(
        'unavailable',
        `No fleet answers at ${url} (${why}). Start one with \`npm start\` or \`holdfast start\`, or pass the URL of a gateway's ops port with --url.`,
      );
    }
    if (response.ok) return response;
    const refusal = (await response.json().catch(() => null)) as { code?: unknown; message?: unknown } | null;
    if (response.status === 401)
      throw new FleetError('unauthorized', `The fleet at ${url} does not accept this token. Pass its ADMIN_TOKEN with --token.`);
    if (typeof refusal?.code === 'string') throw new FleetError(refusal.code, String(refusal.message));
    throw new FleetError('not-found', `${url} answers, but is not the ops port of a Holdfast gateway (${response.status} to ${path}).`);
  }
}

function pathWith(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const text = new URLSearchParams(given).toString();
  return text === '' ? path : `${path}?${text}`;
}

interface EventsWanted {
  readonly recent?: number;
  readonly kind?: string;
  readonly severity?: string;
  readonly signal?: AbortSignal;
}

/** The fields of an operator event that this tool shows. The description of the admin API lists all fields. */
export interface FleetEventLine {
  readonly at: number;
  readonly by: string;
  readonly kind: string;
  readonly severity?: string;
  readonly reason: string;
  readonly server?: string;
  readonly room?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}
