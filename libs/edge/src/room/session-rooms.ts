import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Binding, encodeServerMessage, type LeftReason, type RoomId, type UserId } from '#libs/protocol';
import { isMember, type RoomRecord, viewOf } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import type { GatewaySession } from '../session/gateway-session.js';
import { GameEndNotifier } from './game-end-notifier.js';
import { OwnerAttachments } from './owner-attachments.js';
import { RoomRecordCache } from './room-record-cache.js';

/** Time in ms for which the gateway waits for the owner's message about the end of a game, in addition to the delay of the spectators. */
const DELAYED_END_MARGIN_MS = 3_000;

/** The progress of a client in a game: the last round and version that the client received. */
export interface ClientGame {
  readonly round: number;
  readonly version: number | null;
  /** The epoch of the owner that sent this version. Null: the client does not know the epoch. */
  readonly epoch: number | null;
}

/** A listener for the rooms of which this gateway has sessions. */
export interface OccupancyListener {
  /** The first session of the room has arrived at this gateway. */
  occupied(room: RoomId): void;
  /** The last session of the room has left this gateway. */
  vacated(room: RoomId): void;
}

/**
 * Binds sessions to rooms and applies each change of a room's record to its sessions. It sends the sessions the view of the room, attaches
 * them to the owner while a game runs, sends them the end of the game, and unbinds them when the room closes.
 */
@Injectable()
export class SessionRooms implements OnModuleInit {
  private readonly members = new Map<RoomId, Set<GatewaySession>>();
  private readonly views = new Map<RoomId, string>();
  /**
   * Spectators who have not seen the end of the last game yet, because their room has a delay. `isDue`: the owner has had enough time to
   * send the end.
   */
  private readonly delayedEnds = new Map<
    GatewaySession,
    { readonly round: number | null; readonly timer: NodeJS.Timeout; readonly isDue: boolean }
  >();
  private readonly occupancyListeners: OccupancyListener[] = [];

  constructor(
    private readonly cache: RoomRecordCache,
    private readonly attachments: OwnerAttachments,
    private readonly ends: GameEndNotifier,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.cache.onChange({ changed: (record) => this.recordChanged(record), closed: (room, reason) => this.roomClosed(room, reason) });
  }

  onOccupancy(listener: OccupancyListener): void {
    this.occupancyListeners.push(listener);
  }

  /**
   * Sends a frame to the sessions of a room at this gateway for which `isFor` returns true. `record`: the record of the room. Null: this
   * gateway does not have the record yet.
   */
  sendToRoom(room: RoomId, frame: Uint8Array, isFor: (binding: Binding, record: RoomRecord | null) => boolean): void {
    const record = this.cache.get(room);
    for (const { binding, connection } of this.members.get(room) ?? [])
      if (binding && connection && isFor(binding, record)) connection.sendFrame(frame);
  }

  /** Lets each session accept the next record of its room with any revision, because revisions may decrease after the store lost data. */
  acceptAnyRevision(sessions: Iterable<GatewaySession>): void {
    for (const session of sessions) if (session.binding) session.binding = { ...session.binding, rev: 0 };
  }

  /**
   * Binds the session to a room and begins to follow the room. Does nothing when the session already has this binding.
   *
   * @param game the progress of the client in a game of the room
   */
  bind(session: GatewaySession, binding: Binding, game: ClientGame | null = null): void {
    const { binding: before } = session;
    // Binds nothing when the session ended before the answer to its request arrived. The departure of the session removes the user from the
    // room.
    if (session.isOver) return;
    if (before?.room === binding.room && before.watching === binding.watching) return;
    if (before) this.unbind(session, 'left');
    session.binding = binding;
    session.search = null;
    this.setGame(session, game);
    let sessions = this.members.get(binding.room);
    if (!sessions) {
      sessions = new Set();
      this.members.set(binding.room, sessions);
      for (const listener of this.occupancyListeners) listener.occupied(binding.room);
    }
    sessions.add(session);
    const { room: roomId, watching } = binding;
    this.log.life('session.entered-room', { roomId, user: session.user, session: session.id, ...(watching && { watching }) });
    const record = this.cache.follow(binding.room);
    if (record && record.rev >= binding.rev) this.catchUp(session, record);
    else this.cache.refresh(binding.room);
  }

  /**
   * Binds the session to the room of a match, unless the player has already left that room. The notice of the match may arrive late, after
   * the player has already entered the room by the answer to a request and has left it again. If the revision of the notice is later than
   * the leave, the notice belongs to a later match in the same room, so this method binds the session.
   */
  bindMatch(session: GatewaySession, binding: Binding): void {
    if (!session.hasLeft(binding.room, binding.rev)) this.bind(session, binding);
  }

  /**
   * Unbinds a session whose user has left the room. If the session has no binding, records the room, so that the gateway ignores a late
   * notice of a match.
   */
  leave(session: GatewaySession, room: RoomId): void {
    if (session.binding) this.unbind(session, 'left');
    else session.recordLeftRoom(room);
  }

  /** Returns the number of spectators of a room at this gateway. */
  spectatorCount(room: RoomId): number {
    let count = 0;
    for (const { binding } of this.members.get(room) ?? []) if (binding?.watching) count += 1;
    return count;
  }

  /**
   * Ends the binding of a session to its room.
   *
   * @param gone `left`: the user has left the room; `away`: the session ends at this gateway, and the user may stay a member
   */
  unbind(session: GatewaySession, gone: 'left' | 'away'): void {
    const { binding } = session;
    if (!binding) return;
    this.attachments.detach(session, gone);
    if (gone === 'left') this.log.life('session.left-room', { roomId: binding.room, user: session.user, session: session.id });
    session.binding = null;
    if (gone === 'left' && !binding.watching)
      session.recordLeftRoom(binding.room, Math.max(binding.rev, this.cache.get(binding.room)?.rev ?? 0));
    session.delayedCommands = [];
    this.setGame(session, null);
    const sessions = this.members.get(binding.room);
    sessions?.delete(session);
    if (sessions?.size === 0) {
      this.members.delete(binding.room);
      this.views.delete(binding.room);
      for (const listener of this.occupancyListeners) listener.vacated(binding.room);
    }
    this.cache.unfollow(binding.room);
  }

  /** Prepares the session for its new connection: detaches it from the owner, and sends the whole view of the room. */
  connectionReplaced(session: GatewaySession, game: ClientGame | null): void {
    const { binding } = session;
    if (!binding) return;
    this.attachments.detach(session, 'slow');
    this.setGame(session, game);
    const record = this.cache.get(binding.room);
    if (record) this.catchUp(session, record);
    else this.cache.refresh(binding.room);
  }

  /** Detaches a session that has lost its connection, and drops its delayed commands. */
  connectionLost(session: GatewaySession): void {
    this.attachments.detach(session, 'away');
    session.delayedCommands = [];
  }

  /**
   * When the client of a session in the state `slow` has read its backlog, attaches the session to the owner again. The owner then sends
   * one sync with all missed changes.
   */
  resumeFrames(session: GatewaySession): void {
    if (session.attachment.kind !== 'slow') return;
    const record = session.room ? this.cache.get(session.room) : null;
    if (record?.status === 'playing') return this.attachments.attach(session, record);
    this.attachments.drop(session);
    if (record) this.catchUp(session, record);
  }

  private recordChanged(record: RoomRecord): void {
    const sessions = this.members.get(record.id);
    if (!sessions) return;
    const frames = this.isNewView(record) ? new ViewFrames(record) : null;
    for (const session of [...sessions]) this.follow(session, record, frames);
  }

  private catchUp(session: GatewaySession, record: RoomRecord): void {
    this.isNewView(record);
    this.follow(session, record, new ViewFrames(record));
  }

  /**
   * Applies a record to one session of its room.
   *
   * @param frames the views of the room, encoded once for all sessions. Null: the views have not changed.
   */
  private follow(session: GatewaySession, record: RoomRecord, frames: ViewFrames | null): void {
    // Ignores a record that is older than the binding of the session, because a newer record follows.
    if (!session.binding || record.rev < session.binding.rev) return;
    const removal = removalOf(record, session.user, session.binding.watching);
    if (removal !== null) return this.remove(session, removal);
    // The client still plays a game that has ended in this room, so it first receives the end of that game.
    if (session.round !== null && (record.status !== 'playing' || record.round !== session.round)) {
      if (this.waitsForDelayedEnd(session, record)) return;
      return this.ends.send(session, record, () => {
        this.endGame(session);
        this.catchUp(session, this.cache.get(record.id) ?? record);
      });
    }
    if (frames) session.connection?.sendFrame(session.binding.watching ? frames.forSpectators : frames.forMembers);
    if (record.status !== 'playing') this.endGame(session);
    else if (record.epoch > session.attachment.epoch) this.attachments.attach(session, record);
  }

  /**
   * Returns true when spectators see this room with a delay and this spectator has not seen the end of the game yet. The owner still sends
   * the rest of the game and its end. If the owner is lost, the gateway sends the end after the delay and `DELAYED_END_MARGIN_MS`.
   */
  private waitsForDelayedEnd(session: GatewaySession, { id, doc }: RoomRecord): boolean {
    const { watchDelayMs = 0 } = doc;
    if (!session.binding?.watching || watchDelayMs === 0) return false;
    const waiting = this.delayedEnds.get(session);
    if (waiting?.round === session.round) return !waiting.isDue;
    clearTimeout(waiting?.timer);
    const { round, connection } = session;
    const timer = setTimeout(() => {
      const current = this.delayedEnds.get(session);
      if (current?.timer !== timer || session.room !== id || session.connection !== connection) return;
      this.delayedEnds.set(session, { round, timer, isDue: true });
      const record = this.cache.get(id);
      if (record) this.catchUp(session, record);
      this.delayedEnds.delete(session);
    }, watchDelayMs + DELAYED_END_MARGIN_MS);
    timer.unref();
    this.delayedEnds.set(session, { round, timer, isDue: false });
    return true;
  }

  private forgetDelayedEnd(session: GatewaySession): void {
    clearTimeout(this.delayedEnds.get(session)?.timer);
    this.delayedEnds.delete(session);
  }

  private endGame(session: GatewaySession): void {
    this.attachments.end(session);
    this.ends.reset(session);
    session.round = null;
    session.version = null;
    session.versionEpoch = null;
    session.delayedCommands = [];
  }

  private roomClosed(room: RoomId, reason: LeftReason): void {
    for (const session of [...(this.members.get(room) ?? [])]) this.remove(session, reason);
  }

  private remove(session: GatewaySession, reason: LeftReason): void {
    this.unbind(session, 'left');
    session.send({ kind: 'room', room: null, reason });
  }

  /** Sets the game that the client continues after a new binding or connection. Null: the client has no state of a game. */
  private setGame(session: GatewaySession, game: ClientGame | null): void {
    this.forgetDelayedEnd(session);
    session.round = game?.round ?? null;
    session.version = game?.version ?? null;
    session.versionEpoch = game?.epoch ?? null;
    this.ends.reset(session);
  }

  /**
   * Returns whether the record changes the view that the members see, and remembers the new view. A new owner alone does not change the
   * view.
   */
  private isNewView(record: RoomRecord): boolean {
    const view = JSON.stringify({ ...viewOf(record), rev: 0 });
    if (this.views.get(record.id) === view) return false;
    this.views.set(record.id, view);
    return true;
  }
}

/** The views of one record as frames. Each view is encoded at its first use, and only once. */
class ViewFrames {
  private member: Uint8Array | undefined;
  private spectator: Uint8Array | undefined;

  constructor(private readonly record: RoomRecord) {}

  get forMembers(): Uint8Array {
    this.member ??= encodeServerMessage({ kind: 'room', room: viewOf(this.record) });
    return this.member;
  }

  get forSpectators(): Uint8Array {
    this.spectator ??= encodeServerMessage({ kind: 'room', room: viewOf(this.record, 'spectator') });
    return this.spectator;
  }
}

/** Returns the reason why the user may not stay in the room. Null: the user may stay. */
function removalOf(record: RoomRecord, user: UserId, watching: boolean): LeftReason | null {
  const { doc } = record;
  if (watching ? !doc.banned && doc.watch !== 'nobody' : isMember(record, user)) return null;
  if (doc.banned?.some((banned) => banned.user === user)) return 'banned';
  if (!watching) return doc.kicked?.includes(user) ? 'kicked' : 'left';
  return doc.watch === 'nobody' ? 'no-spectators' : null;
}
