import { type DynamicModule, Module } from '@nestjs/common';
import type { LinkOptions } from './link.options.js';
import { LINK_OPTIONS, Links } from './links.js';

/** Provides the links of this process. Requires a provider of `LinkIdentity` (the fleet's `Self`). */
@Module({})
export class LinkModule {
  static forRoot(options: LinkOptions): DynamicModule {
    return { module: LinkModule, global: true, providers: [{ provide: LINK_OPTIONS, useValue: options }, Links], exports: [Links] };
  }
}
