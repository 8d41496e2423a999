import { Module } from '@nestjs/common';
import { Ranking } from './ranking.js';
import { RockPaperScissors } from './rock-paper-scissors.js';

@Module({ providers: [RockPaperScissors, Ranking] })
export class RockPaperScissorsModule {}
