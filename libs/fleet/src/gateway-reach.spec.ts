import { jest } from '@jest/globals';
import type { LinkPeer, Links } from '#libs/link';
import { type ServerId, serverId } from '#libs/protocol';
import type { FleetLinks } from './fleet-links.js';
import { GatewayReach } from './gateway-reach.js';
import type { Self } from './self.js';
import type { ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';
import type { ServerRegistration } from './server-registration.js';

/** The `GatewayReach` of a game server with fake gateways. Each gateway has a working link to the server, a silent link, or none. */
class Among {
  readonly reach: GatewayReach;
  readonly changes: boolean[] = [];
  evicted: () => void = () => {};
  private readonly listeners: (() => void)[] = [];
  private readonly gateways = new Map<ServerId, { record: ServerRecord; link: 'well' | 'silent' | 'none' }>();

  constructor(...links: readonly ('well' | 'silent' | 'none')[]) {
    for (const [index, link] of links.entries()) this.add(String(index + 1), link);
    const on = (listener: () => void) => void this.listeners.push(listener);
    const fleetLinks = {
      isWell: ({ id }: ServerRecord) => this.gateways.get(id)?.link === 'well',
      get: (id: ServerId) => {
        const link = this.gateways.get(id)?.link;
        return link === 'none' || link === undefined ? undefined : ({ isSilent: link === 'silent' } as LinkPeer);
      },
    } as unknown as FleetLinks;
    this.reach = new GatewayReach(
      { onOpened: on, onClosed: on, onSilence: on } as unknown as Links,
      { onEvicted: (listener: () => void) => (this.evicted = listener) } as unknown as ServerRegistration,
      fleetLinks,
      { byType: () => [...this.gateways.values()].map(({ record }) => record), onChange: on } as unknown as ServerDirectory,
      { id: serverId('game', '1') } as Self,
    );
    this.reach.onModuleInit();
    this.reach.onChange(() => this.changes.push(this.reach.isCutOff));
  }

  add(name: string, link: 'well' | 'silent' | 'none'): void {
    const id = serverId('gateway', name);
    this.gateways.set(id, { record: { id, type: 'gateway', state: 'ready', suspect: 0, unheard: false } as ServerRecord, link });
    for (const listener of this.listeners) listener();
  }
}

describe('GatewayReach', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('reports the server as cut off only when most gateways have no working link to the server', () => {
    expect(new Among().reach.isCutOff).toBe(false);
    expect(new Among('well').reach.isCutOff).toBe(false);
    expect(new Among('well', 'silent').reach.isCutOff).toBe(false);
    expect(new Among('well', 'well', 'silent').reach.isCutOff).toBe(false);
    expect(new Among('silent').reach.isCutOff).toBe(true);
    expect(new Among('silent', 'silent').reach.isCutOff).toBe(true);
    expect(new Among('well', 'silent', 'silent').reach.isCutOff).toBe(true);
  });

  it('counts a gateway as unreachable after one second without a link', () => {
    const { reach } = new Among('none');
    expect(reach.isCutOff).toBe(false);
    jest.advanceTimersByTime(1_000);
    expect(reach.isCutOff).toBe(true);
  });

  it('counts a gateway without a link as unreachable immediately after an eviction when most gateways have no link', () => {
    const among = new Among('none');
    among.evicted();
    expect(among.reach.isCutOff).toBe(true);
    among.add('1', 'well');
    expect(among.reach.isCutOff).toBe(false);
  });

  it('calls its listeners once when the server becomes cut off, and once when gateways reach the server again', () => {
    const among = new Among('well');
    among.add('1', 'silent');
    among.add('1', 'silent');
    among.add('1', 'well');
    expect(among.changes).toEqual([true, false]);
  });

  it('calls its listeners when gateways reach the server again, even when it has not called them before', () => {
    const among = new Among('none');
    expect(among.reach.isCutOff).toBe(false);
    jest.advanceTimersByTime(1_000);
    expect(among.reach.isCutOff).toBe(true);
    among.add('1', 'well');
    expect(among.changes).toEqual([false]);
  });

  it('counts a gateway without a link as unreachable after one second, even after an eviction, when most gateways have a link', () => {
    const among = new Among('well');
    among.evicted();
    expect(among.reach.isCutOff).toBe(false);
    among.add('1', 'none');
    expect(among.reach.isCutOff).toBe(false);
    jest.advanceTimersByTime(1_000);
    expect(among.reach.isCutOff).toBe(true);
  });

  it('ignores suspect gateways', () => {
    const among = new Among('well');
    const id = serverId('gateway', 'gone');
    among.add('gone', 'silent');
    expect(among.reach.isCutOff).toBe(false);
    Object.assign((among as unknown as { gateways: Map<ServerId, { record: object }> }).gateways.get(id)?.record ?? {}, { suspect: 1 });
    among.add('1', 'silent');
    expect(among.reach.isCutOff).toBe(true);
  });
});
