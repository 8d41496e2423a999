import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { sleep } from '#libs/async';
import { errorBody, toErrorBody } from '#libs/protocol';
import type { LinkPeer } from './link-peer.js';
import type { Links } from './links.js';

/**
 * Connects the links with Nest: requests and events call `@MessagePattern` and `@EventPattern` handlers, with the pipes,
 * guards and filters of the application. The context of a handler is the `LinkPeer` that sent the message.
 */
export class LinkTransport extends Server implements CustomTransportStrategy {
  private inFlight = 0;

  constructor(private readonly links: Links) {
    super();
  }

  /** Resolves when all requests are answered and the answers are written to the links, or after `timeoutMs`. */
  async whenIdle(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.inFlight > 0 && performance.now() < deadline) await sleep(5);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  listen(callback: (error?: unknown) => void): void {
    this.links.onRequest((peer, pattern, data) => this.answer(peer, pattern, data));
    this.links.onEvent((peer, pattern, data) => {
      const handler = this.messageHandlers.get(pattern);
      if (handler) void this.handle(handler, data, peer);
    });
    callback();
  }

  /** Does not close the links, because other providers still send messages during their shutdown (see `Links.onApplicationShutdown`). */
  close(): void {}

  override on(): void {}

  override unwrap<T>(): T {
    return this.links as T;
  }

  /**
   * Calls an event handler and subscribes to its result, because a handler behind an interceptor runs only when its result is subscribed.
   */
  private async handle(handler: MessageHandler, data: unknown, peer: LinkPeer): Promise<void> {
    try {
      await lastValueFrom(this.transformToObservable(await handler(data, peer)), { defaultValue: null });
    } catch {
      // The exception filter has logged the error, and no server waits for an answer to an event.
    }
  }

  private async answer(peer: LinkPeer, pattern: string, data: unknown): Promise<unknown> {
    const handler = this.messageHandlers.get(pattern);
    if (!handler) throw errorBody('unknown-operation', `There is no operation "${pattern}".`);
    this.inFlight += 1;
    try {
      return await lastValueFrom(this.transformToObservable(await handler(data, peer)), { defaultValue: null });
    } catch (error) {
      // The exception filter converts errors into error bodies. Any other error comes from code outside of the filter.
      throw isErrorBody(error) ? error : toErrorBody(error);
    } finally {
      this.inFlight -= 1;
    }
  }
}

function isErrorBody(error: unknown): boolean {
  return typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error && 'retry' in error;
}
