import { Inject, Injectable } from '@nestjs/common';
import { LinkIdentity } from '#libs/link';
import { type ServerId, type ServerType, serverId } from '#libs/protocol';
import { FLEET_OPTIONS, type FleetOptions, type OfferedGames } from './fleet.options.js';
import type { ServerAddresses, ServerState } from './server-record.js';

/** Who this process is. Changed by `ServerRegistration` alone. */
export abstract class Self extends LinkIdentity {
  abstract readonly type: ServerType;
  abstract readonly name: string;
  /** The state it wants to be in; `dead` from the moment it learns of its eviction until it is registered anew. */
  abstract readonly state: ServerState;
  /** Null before it is registered. */
  abstract readonly addresses: ServerAddresses | null;
  abstract readonly games: OfferedGames;
  abstract readonly build: string;
  /** '': none. */
  abstract readonly region: string;
  abstract readonly canary: boolean;
}

@Injectable()
export class MutableSelf extends Self {
  override readonly id: ServerId;
  override readonly type: ServerType;
  override readonly name: string;
  override readonly build: string;
  override readonly region: string;
  override readonly canary: boolean;
  override games: OfferedGames;
  override incarnation = 0;
  override state: ServerState = 'starting';
  override addresses: ServerAddresses | null = null;

  constructor(@Inject(FLEET_OPTIONS) { type, name, games = {}, build = '', region, canary = false }: FleetOptions) {
    super();
    this.id = serverId(type, name);
    this.type = type;
    this.name = name;
    this.games = games;
    this.build = build;
    this.region = region ?? '';
    this.canary = canary;
  }
}
