import { Injectable } from '@nestjs/common';
import { Extension } from '#libs/extension';
import type { ServerRecord } from '#libs/fleet';
import { type Eligibility, EligibilityListener } from '#libs/health';
import { PlacementPool } from '#libs/placement';

/** Withholds game servers from placement while their health is suspect or unheard. */
@Injectable()
@Extension(EligibilityListener)
export class PlacementEligibility extends EligibilityListener {
  constructor(private readonly pool: PlacementPool) {
    super();
  }

  override async changed({ id, type, incarnation }: ServerRecord, { suspect, unheard }: Eligibility): Promise<void> {
    if (type !== 'game') return;
    await Promise.all([
      suspect > 0 ? this.pool.withhold(id, 'suspect', incarnation) : this.pool.readmit(id, 'suspect', incarnation),
      unheard ? this.pool.withhold(id, 'unheard', incarnation) : this.pool.readmit(id, 'unheard', incarnation),
    ]);
  }
}
