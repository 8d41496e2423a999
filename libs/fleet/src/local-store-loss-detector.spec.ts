import { jest } from '@jest/globals';
import type { LinkPeer, Links } from '#libs/link';
import { type ServerId, serverId } from '#libs/protocol';
import type { StoreHealth } from '#libs/redis';
import type { Log } from '#libs/telemetry';
import type { FleetLinks } from './fleet-links.js';
import { countWriting, LocalStoreLossDetector } from './local-store-loss-detector.js';
import type { Self } from './self.js';
import type { ServerDirectory } from './server-directory.js';

describe('countWriting', () => {
  it('counts the other servers that can write while this server cannot write', () => {
    expect(countWriting(3_000, [200, 900, 1_200])).toBe(3);
    expect(countWriting(Number.POSITIVE_INFINITY, [100])).toBe(1);
  });

  it('returns 0 when no server can write', () => {
    for (const ms of [0, 500, 1_000, 1_900, 3_000]) expect(countWriting(ms + 1_000, [ms, ms + 300, ms + 700, ms + 1_000])).toBe(0);
  });

  it('counts no server whose last write is old or unknown', () => {
    expect(countWriting(10_000, [null, 2_500])).toBe(0);
  });
});

describe('a gateway that has lost the store', () => {
  const [gateway, game, lobby] = [serverId('gateway', '2'), serverId('game', '1'), serverId('lobby', '1')];

  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /**
   * `wroteMs`: for each other server, the time since its last write, in ms. At first, this gateway has a link to each game server, but none
   * to another gateway.
   */
  function lossAmong(wroteMs: Record<ServerId, number>) {
    const store = { unavailableForMs: 5_000, wroteMs: 5_000, onChange: () => {} };
    const links = new Map<ServerId, LinkPeer>();
    const open = (id: ServerId): LinkPeer => {
      const request = async () => ({ wroteMs: wroteMs[id] });
      const peer = { id, isOpen: true, isSilent: false, request, close: () => links.delete(id) } as unknown as LinkPeer;
      links.set(id, peer);
      return peer;
    };
    for (const id of [game, lobby]) open(id);
    const loss = new LocalStoreLossDetector(
      store as unknown as StoreHealth,
      { all: () => links.values(), get: (id: ServerId) => links.get(id) } as unknown as Links,
      { get: (id: ServerId) => links.get(id), to: async ({ id }: { id: ServerId }) => links.get(id) ?? open(id) } as unknown as FleetLinks,
      { byType: () => [{ id: gateway, state: 'ready', linkPort: 1 }] } as unknown as ServerDirectory,
      { id: serverId('gateway', '1'), type: 'gateway' } as Self,
      { error: () => {} } as unknown as Log,
    );
    loss.onApplicationBootstrap();
    return { loss, store, links };
  }

  it('asks another gateway over a link whether that gateway can write', async () => {
    const { loss, store, links } = lossAmong({ [gateway]: 100, [game]: 100, [lobby]: 100 });
    await jest.advanceTimersByTimeAsync(1_100);
    expect(loss.isLocal).toBe(true);
    expect(loss.writers.has(gateway)).toBe(true);
    store.unavailableForMs = 0;
    await jest.advanceTimersByTimeAsync(600);
    expect(loss.isLocal).toBe(false);
    expect(loss.writers.size).toBe(0);
    expect(links.has(gateway)).toBe(false);
    loss.onModuleDestroy();
  });

  it('does not count another gateway that has also lost the store as a gateway that can write', async () => {
    const { loss, links } = lossAmong({ [gateway]: 5_000, [game]: 100, [lobby]: 100 });
    await jest.advanceTimersByTimeAsync(1_100);
    expect(loss.isLocal).toBe(true);
    expect([...loss.writers].sort()).toEqual([game, lobby].sort());
    expect(links.has(gateway)).toBe(false);
    loss.onModuleDestroy();
  });
});
