import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RoomRules } from '#libs/room';
import type { EffectHandlers } from './effect-handlers.js';
import { type Explored, GameExplorer } from './game-explorer.js';

/**
 * The games and the effect handlers of this process. The registry finds them at the first access.
 *
 * @internal
 */
@Injectable()
export class GameRegistry implements OnModuleInit {
  private explored: Explored | undefined;

  constructor(private readonly explorer: GameExplorer) {}

  /** Builds the registry at startup, so that an invalid game stops the start of the server. */
  onModuleInit(): void {
    this.found();
  }

  /** Returns the rules of the game with this name. Undefined: this server does not have the game. */
  get(name: string): RoomRules | undefined {
    return this.found().games.get(name);
  }

  /** Returns the rules of all games of this server. */
  all(): readonly RoomRules[] {
    return [...this.found().games.values()];
  }

  /** The handlers of the effects of all games. */
  get effectHandlers(): EffectHandlers {
    return this.found().effectHandlers;
  }

  // Finds the games at the first access, so that other providers can read the registry in their own `onModuleInit`.
  private found(): Explored {
    this.explored ??= this.explorer.explore();
    return this.explored;
  }
}
