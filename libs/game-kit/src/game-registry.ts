import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RoomRules } from '#libs/room';
import type { EffectHandlers } from './effect-handlers.js';
import { type Explored, GameExplorer } from './game-explorer.js';

/** The games of this process and the effect handlers. The registry finds them on its first use. */
@Injectable()
export class GameRegistry implements OnModuleInit {
  private explored: Explored | undefined;

  constructor(private readonly explorer: GameExplorer) {}

  /** Uses the registry once, so that the server does not start with a game that cannot be played. */
  onModuleInit(): void {
    this.found();
  }

  get(name: string): RoomRules | undefined {
    return this.found().games.get(name);
  }

  all(): readonly RoomRules[] {
    return [...this.found().games.values()];
  }

  /** The handlers of the effects of all games. */
  get effectHandlers(): EffectHandlers {
    return this.found().effectHandlers;
  }

  // Finds the games on the first use, so that other providers may use the registry in their own onModuleInit.
  private found(): Explored {
    this.explored ??= this.explorer.explore();
    return this.explored;
  }
}
