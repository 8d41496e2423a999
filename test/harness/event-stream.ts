import type { PublishedOperatorEvent } from '#libs/fleet';
import type { FleetServer } from '../../tools/testing/fleet-server.js';
import { ADMIN_TOKEN } from './fleet.js';

/** Reads the operator events of one gateway at `/api/events`, beginning with its recent events. */
export class EventStream {
  readonly events: PublishedOperatorEvent[] = [];
  private readonly listening = new AbortController();

  private constructor() {}

  static async of(gateway: FleetServer): Promise<EventStream> {
    const stream = new EventStream();
    const response = await fetch(`${gateway.opsUrl}/api/events?recent=1000`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      signal: stream.listening.signal,
    });
    if (!response.ok) throw new Error(`${gateway.id} answered ${response.status} at /api/events`);
    void stream.read(response).catch(() => {});
    return stream;
  }

  /** Returns the events of this kind about this server or room. */
  told(kind: PublishedOperatorEvent['kind'], about: string): PublishedOperatorEvent[] {
    return this.events.filter((event) => event.kind === kind && (event.room === about || event.server === about));
  }

  close(): void {
    this.listening.abort();
  }

  private async read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data) this.events.push(JSON.parse(data));
      }
    }
  }
}
