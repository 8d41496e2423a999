import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { listed, quoted, RoomMachine, type RoomRules } from '#libs/room';
import { type ChangeLogFormat, logFormatOf } from '#libs/room-store';
import { HandlerGuard } from '#libs/watchdog';
import { GuardedMachine, HandlerLabels } from './guarded-machine.js';
import type { RoomTime } from './room-time.js';

/** Creates the state machine of a room. The watchdog limits the run time of game code in it. */
@Injectable()
export class MachineFactory {
  private readonly labels: HandlerLabels;

  constructor(
    private readonly registry: GameRegistry,
    private readonly guard: HandlerGuard,
    private readonly self: Self,
  ) {
    this.labels = new HandlerLabels(guard);
  }

  /**
   * @param tenure the epoch of the owner, or the id of the start that sets the room up
   * @throws `unknown-game` when this server does not have the game
   */
  make(game: string, time: RoomTime, room: RoomId, tenure: { readonly epoch: number } | { readonly start: string }): GuardedMachine {
    return new GuardedMachine(new RoomMachine(this.rulesOf(game), time), this.labels, this.guard, room, tenure);
  }

  /** The formats above 1 in which this server stores its games, by name of the game. */
  get formats(): ReadonlyMap<string, ChangeLogFormat> {
    const all = this.registry.all().map(({ definition }) => [definition.name, logFormatOf(definition)] as const);
    return new Map(all.filter(([, format]) => format > 1));
  }

  private rulesOf(game: string): RoomRules {
    const rules = this.registry.get(game);
    if (rules) return rules;
    const there = listed(this.registry.all().map(({ definition }) => definition.name));
    throw new HoldfastError('unknown-game', `${this.self.id} does not have the game ${quoted(game)}. Its games are: ${there}.`);
  }
}
