import { Module } from '@nestjs/common';
import { Boats } from './boats.js';

@Module({ providers: [Boats] })
export class BoatsModule {}
