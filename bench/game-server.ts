import { startGameServer } from '#libs/server-kit';
import { GAMES } from '../apps/game/src/games.js';
import { BenchGamesModule } from './bench-games.js';

// The normal game server with the games of the benchmarks.
await startGameServer({ games: [...GAMES, BenchGamesModule] });
