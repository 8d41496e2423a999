import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { HoldfastError, type RoomOptions } from '#libs/protocol';
import type { Validation } from '#libs/room';
import { describeThrown, Log } from '#libs/telemetry';
import { HandlerGuard } from '#libs/watchdog';
import { logGameFailure } from './log-game-failure.js';

/** Validates the options of a room before the room exists. The schema is code of the game, so it runs under the watchdog. */
@Injectable()
export class RoomOptionsValidator {
  constructor(
    private readonly games: GameRegistry,
    private readonly guard: HandlerGuard,
    private readonly self: Self,
    private readonly log: Log,
  ) {}

  /**
   * Returns the reason why the game refuses the options. Null: the game accepts the options.
   * @throws `unavailable` when this server does not have the game; `game-failed` when the schema throws or takes too long
   */
  flawOf(game: string, options: RoomOptions): string | null {
    const rules = this.games.get(game);
    if (!rules) throw new HoldfastError('unavailable', `${this.self.id} does not have the game ${game}.`);
    const validate = rules.options;
    if (!validate) return `the game ${game} takes no options`;
    const runs = this.guard.subject({ game, room: NO_ROOM, start: '' });
    let checked: Validation;
    try {
      checked = runs.run(this.guard.label(HANDLER), -1, 0, () => validate(options));
    } catch (error) {
      logGameFailure(this.log, { roomId: NO_ROOM, game, handler: HANDLER, error: describeThrown(error) });
      throw new HoldfastError('game-failed', 'The options of the room could not be checked.');
    } finally {
      runs.dispose();
    }
    return checked.ok ? null : checked.message;
  }
}

const HANDLER = 'options';
/** Replaces the room id in logs while the room does not exist yet. */
const NO_ROOM = '-';
