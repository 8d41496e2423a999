import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { RoomId } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { type DetachedError, GameProcessGuard, HandlerGuard, Watchdog } from '#libs/watchdog';
import { HostedRooms } from './hosted-rooms.js';
import { RoomEngine } from './room-engine.js';

/** Errors of what a handler left behind, a timer or promise of its own: the room ends, and the server lives. */
@Injectable()
export class DetachedFailures implements OnApplicationBootstrap, OnApplicationShutdown {
  private process: GameProcessGuard | null = null;

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

  private gameFailed({ subject, error }: DetachedError): void {
    const { game, room: roomId, effect } = subject;
    this.log.error('game.failed', { roomId, game, handler: 'detached', ...(effect !== undefined && { effect }), error });
    const room = this.rooms.get(roomId as RoomId);
    // What an effect left behind is no part of the game's rules.
    if (room && effect === undefined) this.engine.endFailed(room, 'The game failed in work that it had left running.');
  }
}
