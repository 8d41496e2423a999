import type { EffectRun } from './effect.js';

interface Handler {
  readonly run: EffectRun;
  readonly where: string;
}

/**
 * The handlers of effects. Each effect belongs to one game, so effects of two games may have the same name.
 *
 * @internal
 */
export class EffectHandlers {
  private readonly byGame = new Map<string, Map<string, Handler>>();
  private readonly shared = new Map<string, Handler>();

  /**
   * @param games the games to which the effect belongs; empty: every game without a handler of its own for this name
   * @param where the method, for error messages
   * @throws when a game has a handler for this name already
   */
  add(name: string, games: readonly string[], run: EffectRun, where: string): void {
    const targets = games.length === 0 ? [this.shared] : games.map((game) => this.of(game));
    for (const handlers of targets) {
      const before = handlers.get(name);
      if (before)
        throw new Error(
          `The effect '${name}' has two handlers: ${before.where} and ${where}. Give each its game, as in @EffectHandler(MyGame, '${name}').`,
        );
      handlers.set(name, { run, where });
    }
  }

  /**
   * Returns the handler of an effect of a game. If `game` is null, because the game is unknown, returns the first handler with this name.
   */
  get(game: string | null, name: string): EffectRun | undefined {
    const own = game === null ? undefined : this.byGame.get(game)?.get(name);
    const handler = own ?? this.shared.get(name);
    if (handler || game !== null) return handler?.run;
    for (const handlers of this.byGame.values()) if (handlers.has(name)) return handlers.get(name)?.run;
    return undefined;
  }

  /** The names of the effects that a game may ask for. */
  namesOf(game: string): ReadonlySet<string> {
    return new Set([...(this.byGame.get(game)?.keys() ?? []), ...this.shared.keys()]);
  }

  private of(game: string): Map<string, Handler> {
    const known = this.byGame.get(game);
    if (known) return known;
    const handlers = new Map<string, Handler>();
    this.byGame.set(game, handlers);
    return handlers;
  }
}
