import { Injectable } from '@nestjs/common';
import { type Binding, encodeServerMessage, type RoomId } from '#libs/protocol';
import { isMember, type RoomRecord, viewOf } from '#libs/room-store';
import type { GatewaySession } from '../session/gateway-session.js';
import { GameEndNotifier } from './game-end-notifier.js';
import { OwnerAttachments } from './owner-attachments.js';
import { RoomRecordCache } from './room-record-cache.js';

/** A client's own memory of a game: which one of the room, and how far. */
export interface ClientGame {
  readonly round: number;
  readonly version: number | null;
  /** The epoch of the owner that sent that version; null: the client does not say. */
  readonly epoch: number | null;
}

/**
 * What becomes of a room becomes of its sessions here: they see its view, are tied to its owner while a game runs, hear
 * of the game's end, and leave with it.
 */
@Injectable()
export class SessionRooms {
  private readonly members = new Map<RoomId, Set<GatewaySession>>();
  private readonly views = new Map<RoomId, string>();

  constructor(
    private readonly cache: RoomRecordCache,
    private readonly attachments: OwnerAttachments,
    private readonly ends: GameEndNotifier,
  ) {
    cache.onChange({ changed: (record) => this.recordChanged(record), closed: (room, reason) => this.roomClosed(room, reason) });
  }

  /** The record's revisions may have gone back: whatever the record says now counts for these. */
  acceptAnyRevision(sessions: Iterable<GatewaySession>): void {
    for (const session of sessions) if (session.binding) session.binding = { ...session.binding, rev: 0 };
  }

  /** From now on the session is in this room. `game`: what its client holds of a game there. */
  bind(session: GatewaySession, binding: Binding, game: ClientGame | null = null): void {
    const { binding: before } = session;
    // The answer to a request that the session did not live to hear: its user is taken out of the room again, or has been.
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
    }
    sessions.add(session);
    const record = this.cache.follow(binding.room);
    if (record && record.rev >= binding.rev) this.catchUp(session, record);
    else this.cache.refresh(binding.room);
  }

  /** Those of this gateway who look on in a room. */
  spectatorCount(room: RoomId): number {
    let count = 0;
    for (const { binding } of this.members.get(room) ?? []) if (binding?.watching) count += 1;
    return count;
  }

  /** The session is in no room any more. `left`: for good; `away`: its connection is gone. */
  unbind(session: GatewaySession, gone: 'left' | 'away'): void {
    const { binding } = session;
    if (!binding) return;
    this.attachments.detach(session, gone);
    session.binding = null;
    if (gone === 'left' && !binding.watching) session.recordLeftRoom(binding.room);
    session.delayedCommands = [];
    this.setGame(session, null);
    const sessions = this.members.get(binding.room);
    sessions?.delete(session);
    if (sessions?.size === 0) {
      this.members.delete(binding.room);
      this.views.delete(binding.room);
    }
    this.cache.unfollow(binding.room);
  }

  /** The session's connection is new: it is shown everything again. */
  connectionReplaced(session: GatewaySession, game: ClientGame | null): void {
    const { binding } = session;
    if (!binding) return;
    this.attachments.detach(session, 'slow');
    this.setGame(session, game);
    const record = this.cache.get(binding.room);
    if (record) this.catchUp(session, record);
    else this.cache.refresh(binding.room);
  }

  /** The session's connection is gone; its room hears that its player may be away. */
  connectionLost(session: GatewaySession): void {
    this.attachments.detach(session, 'away');
    session.delayedCommands = [];
  }

  /** A connection that did not keep up does again: one sync brings all it missed. */
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
    const frame = this.isNewView(record) ? frameOf(record) : null;
    for (const session of [...sessions]) this.follow(session, record, frame);
  }

  /** A session that has just come to the room: everything is new to it. */
  private catchUp(session: GatewaySession, record: RoomRecord): void {
    this.isNewView(record);
    this.follow(session, record, frameOf(record));
  }

  /** `frame`: shows the room, once for all who see it; null: it looks as before. */
  private follow(session: GatewaySession, record: RoomRecord, frame: Uint8Array | null): void {
    // What was read before the session came to the room says nothing about it; a newer view is on its way.
    if (!session.binding || record.rev < session.binding.rev) return;
    if (!session.binding.watching && !isMember(record, session.user)) return this.remove(session, 'left');
    // The client is in a game that is no more the room's: that one ends for it first.
    if (session.round !== null && (record.status !== 'playing' || record.round !== session.round)) {
      return this.ends.send(session, record, () => {
        this.endGame(session);
        this.catchUp(session, this.cache.get(record.id) ?? record);
      });
    }
    if (frame) session.connection?.sendFrame(frame);
    if (record.status !== 'playing') this.endGame(session);
    else if (record.epoch > session.attachment.epoch) this.attachments.attach(session, record);
  }

  private endGame(session: GatewaySession): void {
    this.attachments.end(session);
    this.ends.reset(session);
    session.round = null;
    session.version = null;
    session.versionEpoch = null;
    session.delayedCommands = [];
  }

  private roomClosed(room: RoomId, reason: string): void {
    for (const session of [...(this.members.get(room) ?? [])]) this.remove(session, reason);
  }

  private remove(session: GatewaySession, reason: string): void {
    this.unbind(session, 'left');
    session.send({ kind: 'room', room: null, reason });
  }

  /** `game`: what the client of a session that is not attached has of a game in the room. */
  private setGame(session: GatewaySession, game: ClientGame | null): void {
    session.round = game?.round ?? null;
    session.version = game?.version ?? null;
    session.versionEpoch = game?.epoch ?? null;
    this.ends.reset(session);
  }

  /** Only what its members see counts: an owner may change without a word to them. */
  private isNewView(record: RoomRecord): boolean {
    const view = JSON.stringify({ ...viewOf(record), rev: 0 });
    if (this.views.get(record.id) === view) return false;
    this.views.set(record.id, view);
    return true;
  }
}

const frameOf = (record: RoomRecord): Uint8Array => encodeServerMessage({ kind: 'room', room: viewOf(record) });
