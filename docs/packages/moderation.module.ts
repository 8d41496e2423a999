import { Module } from '@nestjs/common';
import { WordFilter } from '../extending/word-filter.js';

@Module({ providers: [WordFilter] })
export class ModerationModule {}
