import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { sleep } from '#libs/async';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { LEFT_KEPT_MS, REQUEST_TIMEOUT_MS, RESTORE_RETRY_MS, SEARCH_TRIES_MAX } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';
import { PlayerRequests } from '../lobby/player-requests.js';
import { RoomRecordCache } from '../room/room-record-cache.js';
import { SessionRooms } from '../room/session-rooms.js';
import { SessionTable } from '../session/session-table.js';
import { Departures } from './departures.js';
import { SearchChecks } from './search-checks.js';
import { type RestoredSession, SessionRestorer } from './session-restorer.js';

/**
 * Completes the restoration of a gateway's sessions once a restarted store is settled. The gateway compares all rooms, removes users from
 * rooms that they had left, and repeats lost searches for a match. It never repeats a join: `PlayerRequests` answers a join only after the
 * gateway has the record with the join, so that the gateway can restore it. So if a record of the settled store lacks a user, a lobby has
 * removed the user.
 */
@Injectable()
export class SettledSessions implements OnApplicationBootstrap {
  constructor(
    private readonly table: SessionTable,
    private readonly rooms: SessionRooms,
    private readonly cache: RoomRecordCache,
    private readonly restorer: SessionRestorer,
    private readonly departures: Departures,
    private readonly lobbies: LobbyRouter,
    private readonly requests: PlayerRequests,
    private readonly checks: SearchChecks,
    private readonly settlement: StoreSettlement,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.settlement.onSettled(() => void this.settled());
    // `onSettled` misses two cases: the store lost data without a restart, or it was settled before this gateway had restored its sessions.
    this.restorer.onRestored(() => {
      if (this.settlement.isSettled) void this.settled();
    });
  }

  private async settled(): Promise<void> {
    const restored = this.restorer.takeRestored();
    this.rooms.acceptAnyRevision(this.table.all());
    await this.cache.compareSettled();
    this.departures.repeat();
    for (const one of restored) {
      if (one.session.isOver) continue;
      this.leaveAgain(one);
      if (one.session.search) void this.searchAgain(one);
    }
  }

  /**
   * Removes the user from rooms that the session had left, because the restored record can contain the user again. Does not remove the user
   * from a room that the user has entered since, by a request or a match.
   */
  private leaveAgain({ session, outcome, before }: RestoredSession): void {
    const { user, binding, leftRooms } = session;
    const left = new Set<RoomId>();
    const isCurrent = outcome !== 'written';
    if (before && !before.watching) left.add(before.room);
    for (const { room, at } of leftRooms) if (performance.now() - at < LEFT_KEPT_MS) left.add(room);
    if (before && isCurrent) left.delete(before.room);
    if (binding) left.delete(binding.room);
    for (const room of left) this.lobbies.emit(session, 'member.gone', { room, user, asked: session.lastAnswered() });
  }

  private async searchAgain({ session, outcome, before }: RestoredSession): Promise<void> {
    const { search } = session;
    if (!search || !session.connection) return;
    // A lobby found a match, but its message to this gateway was lost. So the gateway binds the session to the user's room in the store.
    if (outcome === 'moved' && before) return this.rooms.bind(session, { ...before, rev: 0 });
    try {
      // Does not repeat a search that began after the loss and still has its ticket. A second ticket would replace this ticket and end a
      // match that is just being made.
      if (!(await this.repeated(() => this.checks.isLost(session))) || session.search !== search) return;
      const { binding } = await this.repeated(() => this.requests.send(session, 'match.find', search.data, REQUEST_TIMEOUT_MS));
      if (binding) this.rooms.bind(session, binding);
    } catch (error) {
      // The search has ended. The answer to the client's next `me` shows this.
      this.log.warn('search.lost', { user: session.user, error });
    }
  }

  /** Sends a request, and repeats it while lobbies restart or have not detected yet that the store is settled. */
  private async repeated<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await request();
      } catch (error) {
        const mayHelp = error instanceof HoldfastError && error.retry && tries < SEARCH_TRIES_MAX;
        if (!mayHelp) throw error;
        await sleep(RESTORE_RETRY_MS * tries);
      }
    }
  }
}
