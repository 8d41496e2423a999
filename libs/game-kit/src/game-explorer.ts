import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { RoomRules } from '#libs/room';
import type { EffectRun } from './effect.js';
import { gameOptionsOf } from './game.decorator.js';
import { inputsOf } from './input.decorator.js';
import { type HandledMethod, handledMethodsOf, hasHandles, roomTableOf } from './room-table.js';

export interface Explored {
  readonly games: ReadonlyMap<string, RoomRules>;
  readonly effectHandlers: ReadonlyMap<string, EffectRun>;
}

/** Finds the games and the effect handlers among all providers of the application. */
@Injectable()
export class GameExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /**
   * Returns the games and the effect handlers, each by name. Throws an error that tells the author what is wrong when a game cannot be
   * played.
   */
  explore(): Explored {
    const instances = this.instances();
    const effectHandlers = this.effectHandlersOf(instances);
    // The effect handlers are found first, because a game may use an effect that a provider of any other module handles.
    const effects = new Set(effectHandlers.keys());
    const games = new Map<string, RoomRules>();
    const makers = new Map<string, string>();
    for (const instance of instances) {
      if (!gameOptionsOf(instance.constructor)) {
        if (!inputsOf(instance.constructor)) continue;
        throw new Error(`${instance.constructor.name} has @Input, but no @Game decorator: put @Input on the class of a game.`);
      }
      const rules = roomTableOf(instance, effects);
      const { name } = rules.definition;
      if (games.has(name)) throw new Error(`Two games are named '${name}': ${makers.get(name)} and ${instance.constructor.name}.`);
      games.set(name, rules);
      makers.set(name, instance.constructor.name);
    }
    return { games, effectHandlers };
  }

  private effectHandlersOf(instances: Iterable<object>): Map<string, EffectRun> {
    const effectHandlers = new Map<string, EffectRun>();
    for (const instance of instances) {
      const isGame = gameOptionsOf(instance.constructor) !== undefined;
      for (const { method, handle, run } of handledMethodsIn(instance, isGame ? 'game' : 'provider')) {
        if (handle.kind !== 'effect') {
          if (isGame) continue;
          throw new Error(
            `${instance.constructor.name}.${method}() handles ${handle.kind}s of a game, but ${instance.constructor.name} has no @Game decorator.`,
          );
        }
        if (effectHandlers.has(handle.name))
          throw new Error(`The effect '${handle.name}' has two handlers; the second is ${instance.constructor.name}.${method}().`);
        effectHandlers.set(handle.name, run);
      }
    }
    return effectHandlers;
  }

  /** Returns each instance once, even when an alias (`useExisting`) lists it a second time. */
  private instances(): Set<object> {
    const instances = new Set<object>();
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
      instances.add(instance);
    }
    return instances;
  }
}

function handledMethodsIn(instance: object, kind: 'game' | 'provider'): HandledMethod[] {
  try {
    return handledMethodsOf(instance);
  } catch (error) {
    throw new Error(`The ${kind} ${instance.constructor.name} ${(error as Error).message}.`, { cause: error });
  }
}
