import { Inject, Injectable } from '@nestjs/common';
import { EDGE_OPTIONS, type EdgeOptions, SessionTable } from '#libs/edge';
import { Extension } from '#libs/extension';
import { type FactsOfServer, HealthFacts } from '#libs/health';

/** The load of this gateway for its record: no rooms, and one player for each session. */
@Injectable()
@Extension(HealthFacts)
export class GatewayFacts extends HealthFacts {
  constructor(
    private readonly sessions: SessionTable,
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
  ) {
    super();
  }

  override facts(): FactsOfServer {
    return { rooms: 0, players: this.sessions.size, capacity: this.options.connectionsMax };
  }
}
