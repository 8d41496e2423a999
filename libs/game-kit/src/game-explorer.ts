import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { LoadRule, RoomRules } from '#libs/room';
import type { EffectRun } from './effect.js';
import { EffectHandlers } from './effect-handlers.js';
import { gameOptionsOf } from './game.decorator.js';
import { inputsOf } from './input.decorator.js';
import { type HandledMethod, handledMethodsOf, hasHandles, roomTableOf } from './room-table.js';

/**
 * The games and effect handlers of an application.
 *
 * @internal
 */
export interface Explored {
  readonly games: ReadonlyMap<string, RoomRules>;
  readonly effectHandlers: EffectHandlers;
}

/** A provider, and the Nest module that provides it. */
interface Found {
  readonly instance: object;
  readonly module: object | undefined;
}

/**
 * Finds the games, and the handlers of their effects and loads, among all providers of the application.
 *
 * @internal
 */
@Injectable()
export class GameExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** Returns the games and the effect handlers by name. Throws when a game is invalid, with the reason. */
  explore(): Explored {
    const found = this.instances();
    const gamesOf = gameNamesByOwner(found);
    // Finds all handlers before the games, because the handler of a game's effect may be in any module.
    const effectHandlers = new EffectHandlers();
    const loads = new Map<string, LoadRule>();
    for (const { instance, module } of found) this.addHandlers(instance, (game) => gamesOf(game, instance, module), effectHandlers, loads);
    const games = new Map<string, RoomRules>();
    const makers = new Map<string, string>();
    for (const { instance } of found) {
      const options = gameOptionsOf(instance.constructor);
      if (!options) {
        if (!inputsOf(instance.constructor)) continue;
        throw new Error(`${instance.constructor.name} has @Input, but no @Game decorator: put @Input on the class of a game.`);
      }
      const rules = roomTableOf(instance, effectHandlers.namesOf(options.name), loads.get(options.name) ?? null);
      const { name } = rules.definition;
      if (games.has(name)) throw new Error(`Two games are named '${name}': ${makers.get(name)} and ${instance.constructor.name}.`);
      games.set(name, rules);
      makers.set(name, instance.constructor.name);
    }
    return { games, effectHandlers };
  }

  private addHandlers(
    instance: object,
    gamesOf: (game: object | undefined) => readonly string[],
    effectHandlers: EffectHandlers,
    loads: Map<string, LoadRule>,
  ): void {
    const isGame = gameOptionsOf(instance.constructor) !== undefined;
    const { name: className } = instance.constructor;
    for (const { method, handle, run } of handledMethodsIn(instance, isGame ? 'game' : 'provider')) {
      const where = `${className}.${method}()`;
      if (handle.kind === 'effect') {
        effectHandlers.add(handle.name, gamesOf(handle.game), run as EffectRun, where);
      } else if (handle.kind === 'load') {
        const games = gamesOf(handle.game);
        if (games.length === 0)
          throw new Error(
            `${where} has @OnLoad for no game: give it the class of a game, as in @OnLoad(MyGame), or put it into a game's module.`,
          );
        for (const game of games) {
          if (loads.has(game)) throw new Error(`The game '${game}' has two methods with @OnLoad; the second is ${where}.`);
          loads.set(game, { timeoutMs: handle.timeoutMs, attempts: handle.attempts, run });
        }
      } else if (!isGame) {
        throw new Error(`${where} handles ${handle.kind}s of a game, but ${className} has no @Game decorator.`);
      }
    }
  }

  /** Returns each instance once, even when an alias (`useExisting`) provides the instance a second time. */
  private instances(): readonly Found[] {
    const instances = new Map<object, Found>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : null;
      if (typeof wrapper.metatype === 'function' && gameOptionsOf(wrapper.metatype) && !wrapper.isDependencyTreeStatic()) {
        throw new Error(`The game ${wrapper.name} is request-scoped: games and their dependencies must have the default scope.`);
      }
      if (!wrapper.isDependencyTreeStatic() && hasHandles(wrapper.metatype)) {
        throw new Error(
          `The provider ${wrapper.name} handles effects and is request-scoped: give it the default scope, because effects run outside of requests.`,
        );
      }
      if (typeof instance !== 'object' || instance === null || Object.getPrototypeOf(instance) === null) continue;
      if (!instances.has(instance) || wrapper.isAlias === false) instances.set(instance, { instance, module: wrapper.host });
    }
    return [...instances.values()];
  }
}

/**
 * Returns a function that finds the names of a handler's games. A handler that names the class of a game belongs only to this game.
 * Otherwise a handler in the class of a game belongs to this game, and any other handler belongs to all games of its module. Empty list:
 * the handler belongs to all games of the application.
 */
function gameNamesByOwner(
  found: readonly Found[],
): (game: object | undefined, instance: object, module: object | undefined) => readonly string[] {
  const byModule = new Map<object, string[]>();
  for (const { instance, module } of found) {
    const name = gameOptionsOf(instance.constructor)?.name;
    if (name === undefined || module === undefined) continue;
    byModule.set(module, [...(byModule.get(module) ?? []), name]);
  }
  return (game, instance, module) => {
    const own = gameOptionsOf(game ?? instance.constructor);
    if (own) return [own.name];
    if (game)
      throw new Error(
        `${instance.constructor.name} handles effects or loads of ${(game as { name?: string }).name}, which has no @Game decorator.`,
      );
    return (module && byModule.get(module)) ?? [];
  };
}

function handledMethodsIn(instance: object, kind: 'game' | 'provider'): HandledMethod[] {
  try {
    return handledMethodsOf(instance);
  } catch (error) {
    throw new Error(`The ${kind} ${instance.constructor.name} ${(error as Error).message}.`, { cause: error });
  }
}
