import { Module } from '@nestjs/common';
import { HighCard } from './high-card.js';

@Module({ providers: [HighCard] })
export class HighCardModule {}
