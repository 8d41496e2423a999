import { type DynamicModule, Module } from '@nestjs/common';
import { Arena } from './arena.js';
import { ARENA_DEFAULTS, ArenaOptions } from './arena.options.js';

@Module({ providers: [Arena, { provide: ArenaOptions, useValue: ARENA_DEFAULTS }] })
export class ArenaModule {
  static forRoot(options: Partial<ArenaOptions>): DynamicModule {
    return { module: ArenaModule, providers: [{ provide: ArenaOptions, useValue: { ...ARENA_DEFAULTS, ...options } }] };
  }
}
