import { Inject, Injectable } from '@nestjs/common';
import type { RoomId, ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type Offerer, offersOf } from './offers.js';
import { PLACEMENT_OPTIONS, PLACEMENT_RAMP_MS_DEFAULT, type PlacementOptions } from './placement.options.js';
import { PlacementStrategy, type ServerFacts, wholeNumber } from './placement-strategy.js';
import { type ReportOutcome, setStanding } from './scripts/report.js';

export interface ServerReport extends ServerFacts, Offerer {
  readonly server: ServerId;
  readonly incarnation: number;
  /** Rooms it took since its last report that was accepted; they are among `rooms`. */
  readonly owned?: readonly RoomId[];
}

/**
 * A server says what it has, and that replaces what placement thought of it: rooms owned + reservations outstanding.
 * Nothing is ever added up over time, so no count can drift, whatever died in between.
 *
 * Report from the process that gathered the facts, as it gathers them: facts that travelled come after what happened
 * meanwhile. Naming the rooms in `owned` makes the count exact; a room neither named nor `kept` counts twice until its
 * reservation expires.
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

  /** `removed`: this incarnation was declared gone, for ever. `older`: another has taken its name. Neither is to be offered rooms again. */
  async report({ server, incarnation, rooms, players, capacity, owned = [], ...offerer }: ServerReport): Promise<ReportOutcome> {
    // From the fullest down there is no flood to be held back from an empty newcomer.
    const rampMs = this.strategy.takes === 'lowest' ? this.rampMs : 0;
    const score = wholeNumber(this.strategy.score({ rooms, players, capacity }));
    return setStanding(this.redis.commands, {
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
