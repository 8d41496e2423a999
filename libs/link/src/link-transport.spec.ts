import { defer, of } from 'rxjs';
import type { LinkPeer } from './link-peer.js';
import { LinkTransport } from './link-transport.js';
import type { Links } from './links.js';

type EventHandler = Parameters<Links['onEvent']>[0];

describe('LinkTransport', () => {
  it('runs an event handler that returns an observable', async () => {
    let receive: EventHandler = () => {};
    const links = { onRequest: () => {}, onEvent: (handler: EventHandler) => (receive = handler) } as unknown as Links;
    const transport = new LinkTransport(links);
    const received: unknown[] = [];
    transport.addHandler('member.gone', async (data) => defer(() => of(received.push(data))), true);
    transport.listen(() => {});
    receive({} as LinkPeer, 'member.gone', { user: 'ada' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).toEqual([{ user: 'ada' }]);
  });
});
