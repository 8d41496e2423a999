import { Inject, Injectable } from '@nestjs/common';
import type { RoomId } from '#libs/protocol';
import { Log, Metrics } from '#libs/telemetry';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';

/** One attempt to run an effect. */
export interface EffectAttempt {
  /** Name of the game. Null: the game has ended and its name is no longer known. */
  readonly game: string | null;
  readonly roomId: RoomId;
  readonly effect: string;
  readonly key: string;
}

/**
 * Logs and counts effect handlers that do not settle. This server does not run the effect again, because its handler is possibly still
 * working.
 */
@Injectable()
export class EffectWatch {
  constructor(
    private readonly log: Log,
    private readonly metrics: Metrics,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: Pick<RoomHostOptions, 'effectWarnMs'>,
  ) {}

  /** Sets the metrics of a game to 0, so that the first overdue effect shows as an increase. */
  begin(game: string): void {
    this.metrics.beginGame(game);
  }

  /** Runs `work` and settles with its result. Logs `effect.overdue` when `work` takes longer than `effectWarnMs`. */
  async during(attempt: EffectAttempt, work: () => unknown): Promise<unknown> {
    const { game, roomId, effect, key } = attempt;
    const labels = { game: game ?? 'ended' };
    const startedAt = performance.now();
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      this.metrics.effectsOverdue.inc(labels);
      const check = 'the handler has neither finished nor failed; set a timeout for each call that it waits for';
      this.log.warn('effect.overdue', { game, roomId, effect, key, ms: elapsedMs(startedAt), check });
    }, this.options.effectWarnMs);
    timer.unref();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      if (isOverdue) {
        this.metrics.effectsOverdue.dec(labels);
        this.log.info('effect.settled-late', { game, roomId, effect, key, ms: elapsedMs(startedAt) });
      }
    }
  }
}

function elapsedMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
