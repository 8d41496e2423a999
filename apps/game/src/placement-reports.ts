import { Injectable } from '@nestjs/common';
import { LinkTrust, Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { HealthAnswerListener } from '#libs/health';
import { PlacementPool, PlacementReporter } from '#libs/placement';
import { RoomIntake } from '#libs/room-host';
import { Log } from '#libs/telemetry';
import { GameServerFacts } from './game-server-facts.js';
import { offeredGames, versionsTaken } from './offered-games.js';

/** The reason that withholds a server whose `LINK_SECRET` differs from that of the fleet. */
const REASON = 'link-refused';

/**
 * Reports the load of this server to placement with every health answer, so that no count can drift. While no server can reach
 * this one over a link, it withholds itself from placement.
 */
@Injectable()
export class PlacementReports extends HealthAnswerListener {
  /** The incarnation that was withheld. Null: none. */
  private withheld: number | null = null;

  constructor(
    private readonly reporter: PlacementReporter,
    private readonly intake: RoomIntake,
    private readonly facts: GameServerFacts,
    private readonly registry: GameRegistry,
    private readonly self: Self,
    private readonly pool: PlacementPool,
    private readonly trust: LinkTrust,
    log: Log,
  ) {
    super();
    // If Redis does not accept it now, the next health answer repeats it.
    trust.onChange(() => {
      if (self.incarnation > 0) this.sayTrust().catch((error: unknown) => log.debug('placement.withhold-failed', { error }));
    });
  }

  override async answered(): Promise<void> {
    await this.report();
  }

  async report(): Promise<void> {
    await this.sayTrust();
    const { id, incarnation, region, build, canary } = this.self;
    const offered = Object.entries(offeredGames(this.registry.all()));
    const versions = Object.fromEntries(offered.map(([name, game]) => [name, versionsTaken(game)]));
    await this.reporter.report({
      server: id,
      incarnation,
      ...this.facts.facts(),
      games: versions,
      region,
      build,
      canary,
      owned: this.intake.takenSinceLast(),
    });
  }

  private async sayTrust(): Promise<void> {
    const { id, incarnation } = this.self;
    if (this.trust.isOutvoted) {
      await this.pool.withhold(id, REASON, incarnation);
      this.withheld = incarnation;
    } else if (this.withheld !== null) {
      await this.pool.readmit(id, REASON, this.withheld);
      this.withheld = null;
    }
  }
}
