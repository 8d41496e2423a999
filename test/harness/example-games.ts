// The game server of `startExampleFleet`: the games of the documentation that its programs play.
import { startGameServer } from '@holdfast/server';
import { Module } from '@nestjs/common';
import { Harvest } from '../../docs/from-colyseus/games/harvest/src/harvest.js';
import { ModerationModule } from '../../docs/packages/moderation.module.js';
import { TicTacToeModule } from '../../docs/packages/tic-tac-toe.js';
import { Boats } from '../../docs/real-time/games/boats/src/boats.js';
import { RockPaperScissorsModule } from '../../docs/writing-a-game/games/rock-paper-scissors/src/index.js';

@Module({ providers: [Harvest] })
class HarvestModule {}

@Module({ providers: [Boats] })
class BoatsModule {}

await startGameServer({
  games: [TicTacToeModule, RockPaperScissorsModule, HarvestModule, BoatsModule],
  extensions: [ModerationModule],
});
