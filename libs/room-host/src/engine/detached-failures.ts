import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { RoomId } from '#libs/protocol';
import { describeThrown, Log, type LoggedError } from '#libs/telemetry';
import { type DetachedError, GameProcessGuard, HandlerGuard, type Subject, Watchdog } from '#libs/watchdog';
import { HostedRooms } from '../room/hosted-rooms.js';
import { logGameFailure } from '../room/log-game-failure.js';
import { RepeatedErrors } from './repeated-errors.js';
import { RoomEngine } from './room-engine.js';

/** Catches errors of timers and promises that a handler created and did not await. An error ends only the game of this handler. */
@Injectable()
export class DetachedFailures implements OnApplicationBootstrap, OnApplicationShutdown {
  private process: GameProcessGuard | null = null;
  private readonly repeated = new RepeatedErrors();

  constructor(
    private readonly guard: HandlerGuard,
    private readonly rooms: HostedRooms,
    private readonly engine: RoomEngine,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    const { guard } = this;
    if (!(guard instanceof Watchdog)) return;
    guard.onFailure((error) => this.log.error('watchdog.failed', { error }));
    if (process.listenerCount('SIGINT') > 0)
      this.log.warn('watchdog.blocked', { reason: 'something listens for SIGINT, so that a handler that hangs cannot be interrupted' });
    this.process = new GameProcessGuard(
      () => guard.current,
      (failed) => this.gameFailed(failed),
      (error) => {
        this.log.error('server.crashed', { error });
        process.exit(1);
      },
    );
  }

  onApplicationShutdown(): void {
    this.process?.close();
  }

  /** Returns a description of a thrown value, for logs. Runs under the watchdog, because reading the value can run code of the game. */
  private described(subject: Subject, error: unknown): LoggedError {
    const runs = this.guard.subject(subject);
    try {
      return runs.run(this.guard.label('detached'), -1, 0, () => describeThrown(error));
    } catch (overrun) {
      return describeThrown(overrun);
    } finally {
      runs.dispose();
    }
  }

  private gameFailed({ subject, error }: DetachedError): void {
    const { game, room: roomId, effect } = subject;
    const skipped = this.repeated.skippedBefore(subject);
    if (skipped !== null) {
      logGameFailure(this.log, {
        roomId,
        game,
        handler: 'detached',
        ...(effect !== undefined && { effect }),
        ...(skipped > 0 && { skipped }),
        error: this.described(subject, error),
      });
    }
    const room = this.rooms.get(roomId as RoomId);
    // Does not end the game after a failure in work that an effect handler did not await, because effect handlers are not part of the
    // game's rules.
    if (room && effect === undefined) this.engine.endFailed(room, 'The game failed in work that it had left running.');
  }
}
