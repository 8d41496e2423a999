import { Module } from '@nestjs/common';
import { Countdown } from './countdown.js';

@Module({ providers: [Countdown] })
export class CountdownModule {}
