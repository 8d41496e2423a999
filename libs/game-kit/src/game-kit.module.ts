import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { GameExplorer } from './game-explorer.js';
import { GameRegistry } from './game-registry.js';

/** Import this module once, in the application. The module finds the games in all imported modules. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [GameExplorer, GameRegistry],
  exports: [GameRegistry],
})
export class GameKitModule {}
