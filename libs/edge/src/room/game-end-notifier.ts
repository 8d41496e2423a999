import { Injectable } from '@nestjs/common';
import { errorBody, type RoomId } from '#libs/protocol';
import { EndedGameStore, type Epilogue, type RoomRecord } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { OWNER_END_WAIT_MS } from '../edge.options.js';
import { END_SENT, type GameEnd, NOT_ENDED } from '../session/game-end.js';
import type { GatewaySession, WritableSession } from '../session/gateway-session.js';

/**
 * Sends the end of a game to a session after the room's record shows the end. If the owner is alive, it sends the last sync and the end
 * itself. If the owner is lost, the gateway sends both from the stored epilogue.
 */
@Injectable()
export class GameEndNotifier {
  constructor(
    private readonly endedGames: EndedGameStore,
    private readonly log: Log,
  ) {}

  /**
   * Sends the end of the client's game, unless the owner has sent the end or sends it within `OWNER_END_WAIT_MS`.
   * @param over called after the end was sent; not called if the room, round or connection of the session has changed since the call of
   * `send`
   */
  send(session: GatewaySession, record: RoomRecord, over: () => void): void {
    const { round, connection, attachment } = session;
    if (session.gameEnd.kind === 'finishing') return;
    const isSent = session.gameEnd.kind === 'sent';
    const finish = async (): Promise<void> => {
      const epilogue = isEndSent(session) ? null : await this.epilogueOf(record.id);
      const isEnded = isEndSent(session);
      if (isFinishing(session, finish)) this.set(session, isEnded ? END_SENT : NOT_ENDED);
      if (session.room !== record.id || session.round !== round || session.connection !== connection) return;
      if (!isEnded) sendEnd(session, record, epilogue?.round === round ? epilogue : null);
      over();
    };
    this.set(session, { kind: 'finishing', isSent, isStarted: false, finish });
    const isOwnerHere = !isSent && attachment.kind === 'attached' && attachment.peer.isOpen;
    if (!isOwnerHere) return this.finish(session);
    setTimeout(() => {
      if (isFinishing(session, finish)) this.finish(session);
    }, OWNER_END_WAIT_MS);
  }

  /** Records that the owner has sent the end of the game. */
  ownerEnded(session: GatewaySession): void {
    const { gameEnd } = session;
    this.set(session, gameEnd.kind === 'finishing' ? { ...gameEnd, isSent: true } : END_SENT);
  }

  /** Sends the end unless the owner has sent it. Called after the owner's `ended`, or after `OWNER_END_WAIT_MS`. */
  finish(session: GatewaySession): void {
    const { gameEnd } = session;
    if (gameEnd.kind !== 'finishing' || gameEnd.isStarted) return;
    this.set(session, { ...gameEnd, isStarted: true });
    void gameEnd.finish();
  }

  /** Discards the end of a game that the client has not received yet, because the client now plays another game or no game. */
  reset(session: GatewaySession): void {
    this.set(session, NOT_ENDED);
  }

  private set(session: WritableSession, gameEnd: GameEnd): void {
    session.gameEnd = gameEnd;
  }

  private async epilogueOf(room: RoomId): Promise<Epilogue | null> {
    try {
      return await this.endedGames.epilogue(room);
    } catch (error) {
      this.log.warn('epilogue.read-failed', { roomId: room, error });
      return null;
    }
  }
}

function isFinishing({ gameEnd }: GatewaySession, finish: () => Promise<void>): boolean {
  return gameEnd.kind === 'finishing' && gameEnd.finish === finish;
}

function isEndSent({ gameEnd }: GatewaySession): boolean {
  return gameEnd.kind === 'sent' || (gameEnd.kind === 'finishing' && gameEnd.isSent);
}

/**
 * Sends the last state, the acknowledgement of the last command, and the result on behalf of the owner. Without an epilogue, sends only the
 * result.
 */
function sendEnd(session: GatewaySession, record: RoomRecord, epilogue: Epilogue | null): void {
  if (epilogue) {
    const { version, watched, seats, events, since } = epilogue;
    const at = session.binding?.watching ? -1 : seats.findIndex(({ user }) => user === session.user);
    const seat = at === -1 ? undefined : seats[at];
    // Sends rejections before the sync, because the `seq` of the sync acknowledges all earlier commands that were not rejected.
    for (const [seq, code] of seat?.refused ?? []) session.send({ kind: 'rejected', seq, ...errorBody(code) });
    const missed = events
      .filter(({ version: eventVersion, to }) => eventVersion > (session.version ?? version) && (!to || to.includes(at)))
      .map(({ to, ...event }) => event);
    session.send({
      kind: 'sync',
      version,
      seq: seat?.seq ?? 0,
      room: record.id,
      state: seat ? seat.state : watched,
      ...(missed.length > 0 && { events: missed }),
      ...(session.version !== null && session.version < since && { missed: true }),
    });
  }
  session.send({ kind: 'ended', room: record.id, ...(record.result ?? { reason: 'abandoned' }) });
}
