import { Injectable } from '@nestjs/common';
import { errorBody, type RoomId } from '#libs/protocol';
import { type Epilogue, RoomLog, type RoomRecord } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { OWNER_END_WAIT_MS } from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';

/**
 * How a game ends for a session whose client is in it, once the record says that it is over: its owner, if it lives,
 * says so itself, with the last sync before it; else the epilogue is told in its place.
 */
@Injectable()
export class GameEndNotifier {
  constructor(
    private readonly roomLog: RoomLog,
    private readonly log: Log,
  ) {}

  /** `over`: what to do once the client has heard the end; not called when it has gone elsewhere meanwhile. */
  send(session: GatewaySession, record: RoomRecord, over: () => void): void {
    if (session.isEnding) return;
    session.isEnding = true;
    const { round, connection } = session;
    const isOwnerHere = !session.isEndSent && session.status === 'attached' && session.peer?.isOpen;
    const end = async (): Promise<void> => {
      const epilogue = session.isEndSent ? null : await this.epilogueOf(record.id);
      session.isEnding = false;
      if (session.room !== record.id || session.round !== round || session.connection !== connection) return;
      if (!session.isEndSent) sendEnd(session, record, epilogue?.round === round ? epilogue : null);
      over();
    };
    if (!isOwnerHere) return void end();
    session.sendEnd = end;
    setTimeout(() => {
      if (session.sendEnd === end) this.ownerSentEnd(session);
    }, OWNER_END_WAIT_MS);
  }

  /** Its owner has said its last words, or waited too long with them. */
  ownerSentEnd(session: GatewaySession): void {
    const end = session.sendEnd;
    session.sendEnd = null;
    void end?.();
  }

  private async epilogueOf(room: RoomId): Promise<Epilogue | null> {
    try {
      return await this.roomLog.epilogue(room);
    } catch (error) {
      this.log.warn('epilogue.unread', { roomId: room, error: String(error) });
      return null;
    }
  }
}

/** In the owner's place: the last state with the last acknowledgement, and the result. */
function sendEnd(session: GatewaySession, record: RoomRecord, epilogue: Epilogue | null): void {
  if (epilogue) {
    const { version, watched, seats, events, since } = epilogue;
    const at = session.binding?.watching ? -1 : seats.findIndex(({ user }) => user === session.user);
    const seat = at === -1 ? undefined : seats[at];
    // Before the sync, whose `seq` answers every command up to it that was not refused.
    for (const [seq, code] of seat?.refused ?? []) session.send({ kind: 'rejected', seq, ...errorBody(code) });
    const missed = events
      .filter(({ version: told, to }) => told > (session.version ?? version) && (!to || to.includes(at)))
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
