import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import { FleetLinks, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type ConnectedPlayerQuery, type Control, type FoundPlayers, HoldfastError, type ServerId, type SessionId } from '#libs/protocol';
import { INSPECT_MS } from '../admin.options.js';
import { within } from '../within.js';
import { LocalPlayers } from './local-players.js';

/** The answers of the gateways to one query for players. */
export interface PlayersByGateway {
  readonly found: ReadonlyMap<ServerId, FoundPlayers>;
  /** Gateways that did not answer in time. */
  readonly missing: readonly ServerId[];
}

/** Asks gateways about their players: this gateway with a call, all others over links. */
@Injectable()
export class GatewayPlayers implements OnModuleInit {
  private local: LocalPlayers | null = null;

  constructor(
    private readonly ports: ExtensionExplorer,
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
    private readonly self: Self,
  ) {}

  onModuleInit(): void {
    this.local = this.ports.single(LocalPlayers);
  }

  /** Sends the query to all living gateways at the same time, and waits at most `INSPECT_MS` for each answer. */
  async search(search: ConnectedPlayerQuery, only?: ServerId): Promise<PlayersByGateway> {
    const gateways = this.directory.byType('gateway').filter(({ id, state }) => state !== 'dead' && (only === undefined || id === only));
    const answers = await Promise.all(gateways.map(async (gateway) => [gateway.id, await this.find(gateway, search)] as const));
    return {
      found: new Map(answers.flatMap(([id, found]) => (found ? [[id, found]] : []))),
      missing: answers.flatMap(([id, found]) => (found ? [] : id)),
    };
  }

  /** Asks a gateway to close a session. Returns false when the gateway does not have the session or does not answer. */
  async disconnect(gateway: ServerId, session: SessionId, code: Control['player.disconnect']['data']['code']): Promise<boolean> {
    if (gateway === this.self.id) return this.local?.disconnect(session, code) ?? false;
    const record = this.directory.get(gateway);
    if (!record || record.state === 'dead') return false;
    const answer = await within(INSPECT_MS, this.ask(record, 'player.disconnect', { session, code }));
    return answer?.ended ?? false;
  }

  private async find(gateway: ServerRecord, search: ConnectedPlayerQuery): Promise<FoundPlayers | null> {
    if (gateway.id === this.self.id) return this.local?.find(search) ?? { total: 0, matched: 0, players: [] };
    return within(INSPECT_MS, this.ask(gateway, 'players.find', search));
  }

  /**
   * Sends a request over the link, and repeats it once when the link closes, because the other gateway may have closed or replaced this
   * link. The repeat is safe, because a query and a disconnection are idempotent.
   */
  private async ask<Pattern extends 'players.find' | 'player.disconnect'>(
    gateway: ServerRecord,
    pattern: Pattern,
    data: Control[Pattern]['data'],
  ): Promise<Control[Pattern]['answer']> {
    const send = async (): Promise<Control[Pattern]['answer']> => {
      const peer = await this.links.to(gateway);
      return (await peer.request(pattern, data, { timeoutMs: INSPECT_MS })) as Control[Pattern]['answer'];
    };
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'server-lost') throw error;
      return send();
    }
  }
}
