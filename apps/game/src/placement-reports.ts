import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { HealthAnswerListener } from '#libs/health';
import { PlacementReporter } from '#libs/placement';
import type { RoomRules } from '#libs/room';
import { RoomIntake } from '#libs/room-host';
import { GameServerFacts } from './game-server-facts.js';

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
    const versions = Object.fromEntries(this.registry.all().map((rules) => [rules.definition.name, versionsTaken(rules)]));
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

/** A room lives for hours; versions further back than this have none any more. */
const VERSIONS_BACK_MAX = 16;

/** Its own, and the older ones that it knows to bring forward. */
function versionsTaken({ definition: { version }, migrateState }: RoomRules): number[] {
  const oldest = migrateState ? Math.max(1, version - VERSIONS_BACK_MAX) : version;
  return Array.from({ length: version - oldest + 1 }, (_, back) => version - back);
}
