import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { HealthAnswerListener } from '#libs/health';
import { PlacementReporter } from '#libs/placement';
import { RoomIntake } from '#libs/room-host';
import { GameServerFacts } from './game-server-facts.js';
import { offeredGames, versionsTaken } from './offered-games.js';

/** Tells the balancer what this server has, with every health answer: nobody's count of it can drift. */
@Injectable()
export class PlacementReports extends HealthAnswerListener {
  constructor(
    private readonly reporter: PlacementReporter,
    private readonly intake: RoomIntake,
    private readonly facts: GameServerFacts,
    private readonly registry: GameRegistry,
    private readonly self: Self,
  ) {
    super();
  }

  override async answered(): Promise<void> {
    await this.report();
  }

  async report(): Promise<void> {
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
}
