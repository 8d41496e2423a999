import { type Effect, EffectHandler } from '@holdfast/game-kit';
import { Injectable } from '@nestjs/common';

/** Stores the points in memory. In production this would be a table with a unique column for the key. */
@Injectable()
export class Ranking {
  private readonly points = new Map<string, number>();
  private readonly counted = new Set<string>();

  @EffectHandler('won')
  async count({ key, data }: Effect<{ user: string }>): Promise<void> {
    if (this.counted.has(key)) return;
    this.counted.add(key);
    this.points.set(data.user, this.pointsOf(data.user) + 1);
  }

  pointsOf(user: string): number {
    return this.points.get(user) ?? 0;
  }
}
