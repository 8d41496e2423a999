import type { FleetLinks, ServerDirectory } from '#libs/fleet';
import { LobbyRouter } from './lobby-router.js';

interface FakeLobby {
  readonly id: string;
  readonly state?: string;
  readonly suspect?: number;
  readonly unheard?: boolean;
  readonly isOpen?: boolean;
  readonly isSilent?: boolean;
}

/** Sends six requests, and returns the ids of the lobbies that received them. */
async function receivers(lobbies: readonly FakeLobby[]): Promise<string[]> {
  const received = new Set<string>();
  const directory = { byType: () => lobbies.map((lobby) => ({ state: 'ready', suspect: 0, unheard: false, ...lobby })) };
  const links = {
    get: (id: string) => {
      const { isOpen = true, isSilent = false } = lobbies.find((lobby) => lobby.id === id) as FakeLobby;
      return { isOpen, isSilent, request: async () => void received.add(id) };
    },
  };
  const router = new LobbyRouter(links as unknown as FleetLinks, directory as unknown as ServerDirectory);
  for (let sent = 0; sent < 6; sent++) await router.request('store.status', {});
  return [...received].sort();
}

describe('the lobby that a gateway chooses for a request', () => {
  it('alternates between the healthy lobbies', async () => {
    expect(await receivers([{ id: 'a' }, { id: 'b' }])).toEqual(['a', 'b']);
  });

  it('is a healthy lobby while one exists', async () => {
    const others = [
      { id: 'suspect', suspect: 1 },
      { id: 'unheard', suspect: 1, unheard: true },
      { id: 'silent', isSilent: true },
      { id: 'closed', isOpen: false },
      { id: 'draining', state: 'draining' },
    ];
    expect(await receivers([...others, { id: 'healthy' }])).toEqual(['healthy']);
  });

  it('is an unheard lobby when no healthy lobby exists', async () => {
    expect(
      await receivers([
        { id: 'suspect', suspect: 1 },
        { id: 'unheard', suspect: 1, unheard: true },
      ]),
    ).toEqual(['unheard']);
  });

  it('is missing when no lobby is healthy or unheard, and the request then fails with `unavailable`', async () => {
    const sent = receivers([
      { id: 'suspect', suspect: 1 },
      { id: 'closed', isOpen: false },
    ]);
    await expect(sent).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 500 });
  });
});
