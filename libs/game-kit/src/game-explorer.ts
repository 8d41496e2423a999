import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { RoomRules } from '#libs/room';
import type { EffectRun } from './effect.js';
import { gameOptionsOf } from './game.decorator.js';
import { handledMethodsOf, roomTableOf } from './room-table.js';

export interface Explored {
  readonly games: ReadonlyMap<string, RoomRules>;
  readonly effectHandlers: ReadonlyMap<string, EffectRun>;
}

/** Finds the games among all providers of the application, and what handles their effects. */
@Injectable()
export class GameExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** Throws a sentence for the author when something found cannot be played. */
  explore(): Explored {
    const games = new Map<string, RoomRules>();
    const makers = new Map<string, string>();
    const effectHandlers = new Map<string, EffectRun>();
    for (const instance of this.instances()) {
      if (gameOptionsOf(instance.constructor)) {
        const rules = roomTableOf(instance);
        const { name } = rules.definition;
        if (games.has(name)) throw new Error(`Two games are named '${name}': ${makers.get(name)} and ${instance.constructor.name}.`);
        games.set(name, rules);
        makers.set(name, instance.constructor.name);
      }
      for (const { method, handle, run } of handledMethodsOf(instance)) {
        if (handle.kind !== 'effect') {
          if (gameOptionsOf(instance.constructor)) continue;
          throw new Error(
            `${instance.constructor.name}.${method}() is for ${handle.kind}s of a game, but ${instance.constructor.name} has no @Game decorator.`,
          );
        }
        if (effectHandlers.has(handle.name))
          throw new Error(`The effect '${handle.name}' has two handlers; the second is ${instance.constructor.name}.${method}().`);
        effectHandlers.set(handle.name, run);
      }
    }
    return { games, effectHandlers };
  }

  /** Each once, though an alias (`useExisting`) lists it again. */
  private instances(): Set<object> {
    const instances = new Set<object>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : null;
      if (typeof wrapper.metatype === 'function' && gameOptionsOf(wrapper.metatype) && !wrapper.isDependencyTreeStatic()) {
        throw new Error(
          `The game ${wrapper.name} is made anew for each request; games and what is injected into them live as long as the server.`,
        );
      }
      if (typeof instance !== 'object' || instance === null || Object.getPrototypeOf(instance) === null) continue;
      instances.add(instance);
    }
    return instances;
  }
}
