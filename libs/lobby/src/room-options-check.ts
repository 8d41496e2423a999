import { Injectable } from '@nestjs/common';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import { type Control, HoldfastError, type RoomOptions } from '#libs/protocol';
import { quoted } from '#libs/room';

/** Asks a game server whether its game accepts the options of a new room, because lobbies do not have the code of games. */
@Injectable()
export class RoomOptionsCheck {
  constructor(
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
  ) {}

  /**
   * Resolves when the game accepts the options.
   *
   * @throws `bad-data` when no server supports options for this game, or when the game refuses the options; otherwise the error of the last
   *   server that was asked
   */
  async refuseFlawed(game: string, options: RoomOptions): Promise<void> {
    const running = this.directory.byType('game').filter(({ state }) => state === 'ready' || state === 'draining');
    const servers = running.filter(({ games }) => games[game]?.options);
    if (servers.length === 0) throw new HoldfastError('bad-data', `The game ${quoted(game)} takes no options.`);
    for (const [index, server] of servers.slice(0, TRIES_MAX).entries()) {
      try {
        const peer = await this.links.to(server);
        const { flaw } = (await peer.request('game.check-options', { game, options })) as Control['game.check-options']['answer'];
        if (flaw === null) return;
        throw new HoldfastError('bad-data', `The options of the room are refused: ${flaw}`);
      } catch (error) {
        const isLast = index + 1 === Math.min(TRIES_MAX, servers.length);
        if (isLast || !(error instanceof HoldfastError && error.retry)) throw error;
      }
    }
  }
}

/** Maximum number of servers to ask. It is above 1, because the directory can still list a server that was just lost. */
const TRIES_MAX = 3;
