import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RoomRules } from '#libs/room';
import type { EffectRun } from './effect.js';
import { type Explored, GameExplorer } from './game-explorer.js';

/** The games of this process and what does their effects, each a map look-up. Complete once the modules are made. */
@Injectable()
export class GameRegistry implements OnModuleInit {
  private explored: Explored | undefined;

  constructor(private readonly explorer: GameExplorer) {}

  /** A game that cannot be played stops the start here, before the first player. */
  onModuleInit(): void {
    this.found();
  }

  get(name: string): RoomRules | undefined {
    return this.found().games.get(name);
  }

  all(): readonly RoomRules[] {
    return [...this.found().games.values()];
  }

  /** By the effect's name. */
  get effectHandlers(): ReadonlyMap<string, EffectRun> {
    return this.found().effectHandlers;
  }

  // Not only in onModuleInit, so that other providers may ask in theirs, whichever comes first.
  private found(): Explored {
    this.explored ??= this.explorer.explore();
    return this.explored;
  }
}
