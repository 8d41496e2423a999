import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ServerDirectory } from '#libs/fleet';
import { type SanctionKind, Sanctions } from '#libs/moderation';
import { type ConnectedPlayer, HoldfastError, type ServerId, type UserId } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { UserRooms } from '#libs/room-store';
import { SessionStore } from '#libs/session';
import { fullId } from '../server-reader.js';
import { GatewayPlayers } from './gateway-players.js';
import type { PlayersAnswer, PlayersQuery, PlayerView, SanctionsAnswer, SanctionsQuery, UserAnswer } from './player-schemas.js';

/** Reads players in the form in which the admin API shows them. */
@Injectable()
export class PlayerReader {
  constructor(
    private readonly gateways: GatewayPlayers,
    private readonly directory: ServerDirectory,
    private readonly sessions: SessionStore,
    private readonly userRooms: UserRooms,
    private readonly sanctionStore: Sanctions,
    private readonly clock: StoreClock,
  ) {}

  /**
   * Lists the sessions of all gateways, by user id. The gateways have their sessions in memory, so this method reads nothing from Redis.
   */
  async page({ q, gateway, limit, after }: PlayersQuery): Promise<PlayersAnswer> {
    const only = gateway === undefined ? undefined : this.gatewayOf(gateway);
    // Reads one session more than the page shows. If this session exists, another page follows.
    const search = { limit: limit + 1, ...(q && { text: q }), ...(after && { after }) };
    const { found, missing } = await this.gateways.search(search, only);
    const all = [...found].flatMap(([id, { players }]) => players.map((player) => this.viewOf(player, id)));
    all.sort((one, other) => (one.user < other.user ? -1 : one.user > other.user ? 1 : 0));
    const players = all.slice(0, limit);
    const counts = [...found.values()];
    return {
      players,
      next: all.length > limit ? players[limit - 1]!.user : null,
      total: counts.reduce((sum, { total }) => sum + total, 0),
      matched: counts.reduce((sum, { matched }) => sum + matched, 0),
      missing: [...missing],
    };
  }

  async one(user: UserId): Promise<UserAnswer> {
    const [session, room, ban, mute] = await Promise.all([
      this.sessions.find(user),
      this.userRooms.get(user),
      this.sanctionStore.find('ban', user),
      this.sanctionStore.find('mute', user),
    ]);
    const answers = session && (await this.gateways.search({ user, limit: 1 }, session.gateway));
    const connection = answers?.found.get(session!.gateway)?.players[0];
    return {
      user,
      name: session?.name ?? null,
      session: session && { gateway: session.gateway, away: session.isAway, room: session.room },
      connection: connection ? this.viewOf(connection, session!.gateway) : null,
      room: room && { id: room.room, watching: room.watching },
      ban,
      mute,
    };
  }

  async sanctions(kind: SanctionKind, { q, limit, after }: z.infer<typeof SanctionsQuery>): Promise<SanctionsAnswer> {
    const page = await this.sanctionStore.page(kind, { limit, ...(q && { text: q }), ...(after && { after }) });
    return { ...page, sanctions: [...page.sanctions] };
  }

  private gatewayOf(id: string): ServerId {
    const gateway = this.directory.get(fullId(id));
    if (gateway?.type === 'gateway') return gateway.id;
    throw new HoldfastError('not-found', `There is no gateway ${id}.`);
  }

  private viewOf({ user, name, room, watching, searching, heldMs, connection }: ConnectedPlayer, gateway: ServerId): PlayerView {
    return {
      user,
      name,
      gateway,
      connected: connection !== null,
      transport: connection?.transport ?? null,
      address: connection?.address ?? null,
      since: Math.round(this.clock.storeTime() - heldMs),
      room,
      watching,
      searching,
      backlogBytes: connection?.backlogBytes ?? 0,
    };
  }
}
