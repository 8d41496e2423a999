import { Inject, Injectable } from '@nestjs/common';
import type { RoomId, ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type Offerer, offersOf } from './offers.js';
import { PLACEMENT_OPTIONS, PLACEMENT_RAMP_MS_DEFAULT, type PlacementOptions } from './placement.options.js';
import { PlacementStrategy, type ServerFacts, wholeNumber } from './placement-strategy.js';
import { type ReportOutcome, writeReport } from './scripts/report.js';

export interface ServerReport extends ServerFacts, Offerer {
  readonly server: ServerId;
  readonly incarnation: number;
  /** Rooms that the server has opened since the last accepted report. They are included in `rooms`. */
  readonly owned?: readonly RoomId[];
}

/**
 * Reports the load and the games of a server. A report replaces the stored number of rooms, to which placement adds the outstanding
 * reservations. No count is accumulated over several reports, so a failure cannot make a count wrong for longer than one report.
 *
 * The process that collects the facts must report them at once, because a delayed report could overwrite a newer one. The rooms in `owned`
 * make the count exact. A room that is neither in `owned` nor confirmed (`LoadBalancerService.confirm`) counts twice until its reservation
 * expires.
 */
@Injectable()
export class PlacementReporter {
  private readonly rampMs: number;

  constructor(
    private readonly redis: RedisConnections,
    private readonly strategy: PlacementStrategy,
    @Inject(PLACEMENT_OPTIONS) options: PlacementOptions,
  ) {
    this.rampMs = options.rampMs ?? PLACEMENT_RAMP_MS_DEFAULT;
  }

  /**
   * Replaces the stored facts of a server. Returns `accepted`, or a refusal. `removed`: this incarnation was removed permanently. `older`:
   * a newer incarnation of the server has reported. A refused incarnation gets no more rooms.
   */
  async report({ server, incarnation, rooms, players, capacity, owned = [], ...offerer }: ServerReport): Promise<ReportOutcome> {
    // The ramp prevents an empty new server from getting all new rooms. A strategy that fills the fullest server first needs no ramp.
    const rampMs = this.strategy.takes === 'lowest' ? this.rampMs : 0;
    const score = wholeNumber(this.strategy.score({ rooms, players, capacity }));
    return writeReport(this.redis.commands, {
      server,
      incarnation,
      rooms,
      players,
      capacity,
      score,
      offers: offersOf(offerer),
      rampMs,
      owned,
    });
  }
}
