import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Extension } from '#libs/extension';
import { GatewayReach, LinkTrust, Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { HealthAnswerListener } from '#libs/health';
import { PlacementPool, PlacementReporter } from '#libs/placement';
import { RoomLoader } from '#libs/room-host';
import { Log } from '#libs/telemetry';
import { GameServerFacts } from './game-server-facts.js';
import { offeredGames, versionsTaken } from './offered-games.js';

/** Reasons to withhold a server: its `LINK_SECRET` differs from that of the fleet, or most gateways cannot reach it. */
const REASONS = ['link-refused', 'unreachable'] as const;
type Reason = (typeof REASONS)[number];

/**
 * Reports the load of this server to placement with every answer to a health check, so that wrong counts are soon corrected. Withholds the
 * server from placement while one of `REASONS` applies.
 */
@Injectable()
@Extension(HealthAnswerListener)
export class PlacementReports extends HealthAnswerListener implements OnModuleInit {
  private updating: Promise<void> = Promise.resolve();
  /** The reasons that apply now. Each value is the incarnation of this server that was withheld for the reason. */
  private readonly withheld = new Map<Reason, number>();

  constructor(
    private readonly reporter: PlacementReporter,
    private readonly loader: RoomLoader,
    private readonly facts: GameServerFacts,
    private readonly registry: GameRegistry,
    private readonly self: Self,
    private readonly pool: PlacementPool,
    private readonly trust: LinkTrust,
    private readonly reach: GatewayReach,
    private readonly log: Log,
  ) {
    super();
  }

  onModuleInit(): void {
    // Ignores a failed update, because the next answer to a health check repeats the update.
    const update = (): void => {
      if (this.self.incarnation > 0) this.updateReasons().catch((error: unknown) => this.log.debug('placement.withhold-failed', { error }));
    };
    this.trust.onChange(update);
    this.reach.onChange(update);
  }

  override async answered(): Promise<void> {
    await this.report();
  }

  async report(): Promise<void> {
    await this.updateReasons();
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
      owned: this.loader.takenSinceLast(),
    });
  }

  /** Runs updates one after the other. Otherwise the earlier of two updates could finish last and store an old value. */
  private updateReasons(): Promise<void> {
    const updating = this.updating.catch(() => {}).then(() => this.updateReasonsNow());
    this.updating = updating;
    return updating;
  }

  private async updateReasonsNow(): Promise<void> {
    const { id, incarnation } = this.self;
    const holds: Record<Reason, boolean> = { 'link-refused': this.trust.isOutvoted, unreachable: this.reach.isCutOff };
    for (const reason of REASONS) {
      const withheld = this.withheld.get(reason);
      if (holds[reason]) {
        await this.pool.withhold(id, reason, incarnation);
        this.withheld.set(reason, incarnation);
      } else if (withheld !== undefined) {
        await this.pool.readmit(id, reason, withheld);
        this.withheld.delete(reason);
      }
    }
  }
}
