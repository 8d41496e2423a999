import { Injectable } from '@nestjs/common';
import { FleetLinks, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { LinkPeer } from '#libs/link';
import { type ControlPattern, HoldfastError, type PlayerAnswer, type PlayerRequest } from '#libs/protocol';
import type { GatewaySession } from '../session/gateway-session.js';

/** Sends requests to lobbies. All requests of a session go to the same lobby while that lobby is reachable and ready. */
@Injectable()
export class LobbyRouter {
  constructor(
    private readonly links: FleetLinks,
    private readonly directory: ServerDirectory,
  ) {}

  /**
   * Sends a request of the session once to the lobby of the session.
   *
   * @throws the lobby's refusal, `server-lost` when the link to the lobby closes or the lobby is evicted before its answer,
   *   `unavailable` when no lobby is reachable
   */
  async send(session: GatewaySession, operation: string, request: PlayerRequest, timeoutMs: number): Promise<PlayerAnswer> {
    return (await this.lobbyOf(session).request(operation, request, { timeoutMs })) as PlayerAnswer;
  }

  /** Sends a request of the gateway about a session to the lobby of this session. Returns the answer. Throws the same errors as `send`. */
  async requestFor(session: GatewaySession, pattern: ControlPattern, data: unknown, timeoutMs: number): Promise<unknown> {
    return this.lobbyOf(session).request(pattern, data, { timeoutMs });
  }

  /** Sends an event about a session to a lobby, at most once. */
  emit(session: GatewaySession, pattern: string, data: unknown): void {
    try {
      this.lobbyOf(session).emit(pattern, data);
    } catch {
      // Without a lobby, the event is lost. This is harmless, because a later sweep of a lobby makes the same change.
    }
  }

  /**
   * Sends a request of the gateway itself to any lobby.
   *
   * @throws `unavailable` when no lobby is reachable, `server-lost` when the link to the lobby closes or the lobby is evicted before its
   *   answer
   */
  async request(pattern: ControlPattern, data: unknown): Promise<unknown> {
    this.nextLobby += 1;
    return this.lobby(this.nextLobby).request(pattern, data);
  }

  private nextLobby = 0;

  gateway = '';

  private lobbyOf(session: GatewaySession): LinkPeer {
    if (session.lobby?.isOpen && !session.lobby.isSilent && this.directory.get(session.lobby.id)?.state === 'ready') return session.lobby;
    session.lobby = this.lobby(session.handle);
    return session.lobby;
  }

  private lobby(position: number): LinkPeer {
    const ready = this.directory.byType('lobby').filter(({ state }) => state === 'ready');
    const healthy = this.openLinks(ready.filter(({ suspect }) => suspect === 0));
    const answering = healthy.filter((peer) => !peer.isSilent);
    // An unheard lobby answers on its link but not through Redis, for example because Redis refuses writes. The gateway chooses an unheard
    // lobby only when there is no other lobby.
    const best = [answering, healthy, this.openLinks(ready.filter(({ unheard }) => unheard))].find(({ length }) => length > 0);
    if (!best) throw new HoldfastError('unavailable', 'No lobby answers right now.', { retryAfterMs: 500 });
    return best[position % best.length]!;
  }

  private openLinks(lobbies: readonly ServerRecord[]): LinkPeer[] {
    return lobbies.map(({ id }) => this.links.get(id)).filter((peer) => peer?.isOpen) as LinkPeer[];
  }
}
