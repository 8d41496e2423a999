import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { GameExplorer } from './game-explorer.js';
import { GameRegistry } from './game-registry.js';

/** Imported once, by the application; games are found wherever their modules are imported. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [GameExplorer, GameRegistry],
  exports: [GameRegistry],
})
export class GameKitModule {}
