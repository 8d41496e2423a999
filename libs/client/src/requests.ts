import { HoldfastError, type OperationName, type Request, type Response } from '#libs/protocol';
import { assertSendable } from './sendable.js';

/** Maximum number of unanswered requests of one session. A gateway refuses further requests. */
const REQUESTS_MAX = 16;
/** Time after which a request without a response fails, in ms. In a healthy fleet, every operation takes less time. */
const REQUEST_MS = 15_000;

/** Operations that the client repeats when their answer was lost. They only read or cancel, or the server recognizes the repeat. */
const REPEATABLE: ReadonlySet<OperationName> = new Set<OperationName>([
  'games.list',
  'rooms.list',
  'me',
  'match.accept',
  'match.cancel',
  'rooms.cancelStart',
  'chat.send',
  'chat.history',
  'chat.mute',
]);

interface Pending {
  readonly request: Request;
  readonly repeatable: boolean;
  /** True when the request was sent on a connection. If this connection is lost, the outcome of the request is unknown. */
  wasSent: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
  resolve(data: unknown): void;
  reject(error: HoldfastError): void;
}

/** The requests that have no response yet. */
export class Requests {
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  /** @param send sends a request, or returns false when there is no connection; the request then waits for the next connection */
  constructor(private readonly send: (request: Request) => boolean) {}

  ask(operation: OperationName, data: unknown, moreMs = 0): Promise<unknown> {
    if (this.pending.size >= REQUESTS_MAX) return Promise.reject(new HoldfastError('busy', `${REQUESTS_MAX} requests are unanswered.`));
    this.lastId = (this.lastId + 1) >>> 0;
    const request: Request = { kind: 'request', id: this.lastId, operation, data };
    return new Promise((resolve, reject) => {
      assertSendable(request);
      const timer = setTimeout(
        () => this.reject(request.id, new HoldfastError('unavailable', `${operation} was not answered in time.`)),
        REQUEST_MS + moreMs,
      );
      this.pending.set(request.id, { request, repeatable: REPEATABLE.has(operation), wasSent: this.send(request), timer, resolve, reject });
    });
  }

  answer(response: Response): void {
    const pending = this.take(response.id);
    if (!pending) return;
    if (response.error) pending.reject(HoldfastError.from(response.error));
    else pending.resolve(response.data);
  }

  /**
   * After the loss of the connection, rejects the sent requests that must not be repeated. The server may or may not have executed them.
   */
  lost(): void {
    for (const { request, wasSent, repeatable } of [...this.pending.values()]) {
      if (wasSent && !repeatable)
        this.reject(request.id, new HoldfastError('server-lost', `The connection was lost before ${request.operation} was answered.`));
    }
  }

  /** Sends all unanswered requests over a new connection. */
  repeat(): void {
    for (const pending of this.pending.values()) pending.wasSent = this.send(pending.request);
  }

  rejectAll(error: HoldfastError): void {
    for (const id of [...this.pending.keys()]) this.reject(id, error);
  }

  private reject(id: number, error: HoldfastError): void {
    this.take(id)?.reject(error);
  }

  private take(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }
}
