// A game server for tests, which uses dist/ like the real game server. It has these games:
// - tic-tac-toe with a short turn,
// - `fleeting`, a game that stores nothing,
// - `ledger`, a game that records all commands (`ledger.mjs`),
// - `odd`, a game that puts values into its state that are not plain data (`odd.mjs`),
// - `drive`, a game with fixed steps and inputs (`drive.mjs`),
// - `open`, a game that players may join while it runs (`open.mjs`),
// - `table`, a game with options, metadata, teams and a ranking (`table.mjs`),
// - `rumble`, a game with rules for matches (`rumble.mjs`),
// - `toil`, a game that keeps its server busy (`toil.mjs`),
// - with TEST_BANK, one game for each durability, which pays by effects (`bank.mjs`),
// - with TEST_CASINO, the casino of docs/writing-a-game.md (`casino.mjs`),
// - with TEST_LOADS, a game that loads profiles (`profiles.mjs`).
import 'reflect-metadata';
import { ArenaModule } from '#games/arena';
import { ChessModule } from '#games/chess';
import { TicTacToeModule } from '#games/tic-tac-toe';
import { Command, Game } from '#libs/game-kit';
import { startGameServer } from '#libs/server-kit';
import { BankModule } from './bank.mjs';
import { CasinoModules } from './casino.mjs';
import { DriveModule } from './drive.mjs';
import { LedgerModule } from './ledger.mjs';
import { Module } from './nest.mjs';
import { OddModule } from './odd.mjs';
import { OpenModule } from './open.mjs';
import { ProfilesModules } from './profiles.mjs';
import { RumbleModule } from './rumble.mjs';
import { TableModule } from './table.mjs';
import { ToilModule } from './toil.mjs';

class Fleeting {
  setup() {
    return { taps: 0 };
  }

  /** @param {{ state: { taps: number } }} room */
  tap(room) {
    room.state.taps += 1;
  }
}
Game({ name: 'fleeting', version: 1, seats: 2, durability: 'none' })(Fleeting);
Command()(Fleeting.prototype, 'tap', /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Fleeting.prototype, 'tap')));

class FleetingModule {}
Module({ providers: [Fleeting] })(FleetingModule);

const turnMs = Number(process.env.TEST_TURN_MS ?? 30_000);

await startGameServer({
  games: [
    TicTacToeModule.forRoot({ turnMs }),
    ChessModule,
    ArenaModule,
    FleetingModule,
    OddModule,
    ...DriveModule,
    ...OpenModule,
    ...TableModule,
    ...RumbleModule,
    ...ToilModule,
    ...LedgerModule,
    ...BankModule,
    ...CasinoModules,
    ...ProfilesModules,
  ],
});
