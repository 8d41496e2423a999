import { Inject, Injectable } from '@nestjs/common';
import { LinkIdentity } from '#libs/link';
import { type ServerId, type ServerType, serverId } from '#libs/protocol';
import { keyPrefix } from '#libs/redis';
import { FLEET_OPTIONS, type FleetOptions, type OfferedGames } from './fleet.options.js';
import type { ServerAddresses, ServerState } from './server-record.js';

/** The identity of this process in the fleet. Only `ServerRegistration` changes it. */
export abstract class Self extends LinkIdentity {
  abstract readonly type: ServerType;
  abstract readonly name: string;
  /** The state that this process writes to its record. `dead`: this process was evicted and has not registered again. */
  abstract readonly state: ServerState;
  /** The addresses of this process for links and for its ops port. Null: `register` was not called yet. */
  abstract readonly addresses: ServerAddresses | null;
  abstract readonly games: OfferedGames;
  abstract readonly build: string;
  /** The region of this server. Empty string: no region. */
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
    this.id = serverId(type, name, keyPrefix());
    this.type = type;
    this.name = name;
    this.games = games;
    this.build = build;
    this.region = region ?? '';
    this.canary = canary;
  }
}
