import { Module } from '@nestjs/common';
import { Sanctions } from './sanctions.js';

/** Requires `RedisModule`. */
@Module({ providers: [Sanctions], exports: [Sanctions] })
export class ModerationModule {}
