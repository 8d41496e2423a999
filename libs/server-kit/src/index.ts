import 'reflect-metadata';
import { runServer } from '#libs/server';
import type { GameServerOptions } from './game/game-server-plan.js';
import type { GatewayOptions } from './gateway/gateway-plan.js';
import type { ServerOptions } from './server-options.js';

export type { GameServerOptions, GatewayOptions, ServerOptions };

/**
 * Runs this process as a gateway. The settings are environment variables (`docs/settings.md`). The process shuts down gracefully after
 * SIGTERM, SIGINT or SIGHUP. When the gateway cannot start, the process prints the reason and exits with code 1.
 *
 * @example
 * ```ts
 * await startGateway({ pages: './dist/page', extensions: [AccountsModule] });
 * ```
 */
export async function startGateway(options: GatewayOptions = {}): Promise<void> {
  const { gatewayPlan } = await import('./gateway/gateway-plan.js');
  await runServer(gatewayPlan(options));
}

/** Runs this process as a lobby. Settings, shutdown and failures are the same as for `startGateway`. */
export async function startLobby(options: ServerOptions = {}): Promise<void> {
  const { lobbyPlan } = await import('./lobby/lobby-plan.js');
  await runServer(lobbyPlan(options));
}

/**
 * Runs this process as a game server with these games. Settings, shutdown and failures are the same as for `startGateway`.
 *
 * @example
 * ```ts
 * await startGameServer({ games: [RockPaperScissorsModule] });
 * ```
 */
export async function startGameServer(options: GameServerOptions): Promise<void> {
  const { gameServerPlan } = await import('./game/game-server-plan.js');
  await runServer(gameServerPlan(options));
}
