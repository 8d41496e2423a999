import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import { LINK_HEADER, LINK_KIND, type LinkPeer, Links } from '#libs/link';
import { type Binding, encodeServerMessage, errorBody, HEADER, HoldfastError, KIND, type RoomId } from '#libs/protocol';
import { type Epilogue, isMember, RoomLog, type RoomOwnership, type RoomRecord, viewOf } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import { EDGE_OPTIONS, type EdgeOptions, HELD_MAX, HELD_MS, LAST_WORDS_MS, LOST_POLL_MS } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { RoomFollower } from './room-follower.js';
import { SessionTable } from './session-table.js';

/** A client's own memory of a game: which one of the room, and how far. */
export interface HeldGame {
  readonly round: number;
  readonly version: number | null;
}

/**
 * Ties sessions to the owners of their rooms, and keeps them tied: whoever owns a room, by its record, is asked to
 * attach its sessions; frames then pass both ways without being decoded. What a player sees of a lost or moved owner is
 * `paused`, then `resumed`, and a sync.
 *
 * Invariant: a session is sent frames of the highest epoch it knows, and of no lower one, so a woken zombie reaches nobody.
 */
@Injectable()
export class RoomLink implements OnModuleDestroy {
  private readonly members = new Map<RoomId, Set<GatewaySession>>();
  private readonly views = new Map<RoomId, string>();
  private readonly polling: NodeJS.Timeout;
  private readonly framesUp: { inc(): void };
  private readonly framesDown: { inc(count?: number): void };

  constructor(
    private readonly sessions: SessionTable,
    private readonly follower: RoomFollower,
    private readonly fleetLinks: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly roomLog: RoomLog,
    private readonly log: Log,
    private readonly metrics: Metrics,
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    links: Links,
  ) {
    this.framesUp = metrics.relayFrames.labels({ direction: 'up' });
    this.framesDown = metrics.relayFrames.labels({ direction: 'down' });
    follower.onChange({ changed: (record) => this.recordChanged(record), closed: (room, reason) => this.roomClosed(room, reason) });
    links.onFrame(LINK_KIND.toPlayer, (_, frame) => this.receiveFrame(frame));
    links.onFrame(LINK_KIND.syncMany, (_, frame) => this.receiveSync(frame));
    links.onClosed((peer) => this.ownerLost(peer));
    this.polling = setInterval(() => this.lookAfterPaused(), LOST_POLL_MS);
    this.polling.unref();
  }

  /** From now on the session is in this room. `held`: what its client holds of a game there. */
  bind(session: GatewaySession, binding: Binding, held: HeldGame | null = null): void {
    const { binding: before } = session;
    if (before?.room === binding.room && before.watching === binding.watching) return;
    if (before) this.unbind(session, 'left');
    session.binding = binding;
    this.hold(session, held);
    let sessions = this.members.get(binding.room);
    if (!sessions) {
      sessions = new Set();
      this.members.set(binding.room, sessions);
    }
    sessions.add(session);
    const record = this.follower.follow(binding.room);
    if (record && record.rev >= binding.rev) this.catchUp(session, record);
    else this.follower.look(binding.room);
  }

  /** Those of this gateway who look on in a room. */
  watchersOf(room: RoomId): number {
    let count = 0;
    for (const { binding } of this.members.get(room) ?? []) if (binding?.watching) count += 1;
    return count;
  }

  /** The session is in no room any more. `left`: for good; `away`: its connection is gone. */
  unbind(session: GatewaySession, gone: 'left' | 'away'): void {
    const { binding } = session;
    if (!binding) return;
    this.detach(session, gone);
    session.binding = null;
    session.held = [];
    this.hold(session, null);
    const sessions = this.members.get(binding.room);
    sessions?.delete(session);
    if (sessions?.size === 0) {
      this.members.delete(binding.room);
      this.views.delete(binding.room);
    }
    this.follower.unfollow(binding.room);
  }

  /** The session's connection is new: it is shown everything again. */
  reconnect(session: GatewaySession, held: HeldGame | null): void {
    const { binding } = session;
    if (!binding) return;
    this.detach(session, 'slow');
    this.hold(session, held);
    const record = this.follower.get(binding.room);
    if (record) this.catchUp(session, record);
    else this.follower.look(binding.room);
  }

  private hold(session: GatewaySession, held: HeldGame | null): void {
    session.round = held?.round ?? null;
    session.version = held?.version ?? null;
    session.epoch = 0;
    session.pauseTold = false;
    session.endTold = false;
    session.isEnding = false;
    session.endWhenTold = null;
  }

  /** The session's connection is gone; its room hears that its player may be away. */
  disconnect(session: GatewaySession): void {
    this.detach(session, 'away');
    session.held = [];
  }

  /** A command's frame on its way to the room; or its refusal. `frame` is a view valid during the call only. */
  command(session: GatewaySession, frame: Buffer): void {
    if (session.attachment === 'attached' && session.peer?.isOpen) {
      if (session.peer.isCongested) return this.refuse(session, frame, 'busy');
      this.framesUp.inc();
      session.peer.sendSessionFrame(LINK_KIND.toRoom, session.handle, session.epoch, frame);
      return;
    }
    const record = session.room ? this.follower.get(session.room) : null;
    if (!session.binding) return this.refuse(session, frame, 'not-in-room');
    if (record && record.status !== 'playing' && session.attachment === 'none') return this.refuse(session, frame, 'room-not-playing');
    if (session.held.length >= HELD_MAX) return this.refuse(session, frame, 'busy');
    session.held.push({ frame: Buffer.from(frame), at: performance.now() });
  }

  /** The connection does not keep up: the owner shall send nothing until it does. */
  holdBack(session: GatewaySession): void {
    if (session.attachment !== 'attached') return;
    this.metrics.backpressure.inc({ where: 'player' });
    session.peer?.emit('room.detach', { handle: session.handle, gone: 'slow' });
    session.attachment = 'slow';
    session.slowSince = performance.now();
  }

  /** It does again: one sync brings all it missed. */
  letGo(session: GatewaySession): void {
    session.slowSince = null;
    if (session.attachment !== 'slow') return;
    session.attachment = 'none';
    const record = session.room ? this.follower.get(session.room) : null;
    if (record?.status === 'playing') void this.attach(session, record);
    else if (record) this.catchUp(session, record);
  }

  /** The owner says that a handle of its is no more. */
  ownerDetached(peer: LinkPeer, { handle, room, epoch, reason }: { handle: number; room: RoomId; epoch: number; reason: string }): void {
    const session = this.sessions.withHandle(handle);
    if (!session || session.room !== room || session.peer !== peer || session.epoch > epoch || reason === 'ended') return;
    if (session.attachment === 'attached' || session.attachment === 'attaching' || session.attachment === 'slow')
      this.pause(session, reason === 'moved' ? 'moving' : 'server-lost');
    this.follower.look(room);
  }

  onModuleDestroy(): void {
    clearInterval(this.polling);
  }

  // ── What becomes of a room ─────────────────────────────────────────────────────────────────────────────────────

  private recordChanged(record: RoomRecord): void {
    const sessions = this.members.get(record.id);
    if (!sessions) return;
    const isNewView = this.isNewView(record);
    for (const session of [...sessions]) this.follow(session, record, isNewView);
  }

  /** A session that has just come to the room: everything is new to it. */
  private catchUp(session: GatewaySession, record: RoomRecord): void {
    this.isNewView(record);
    this.follow(session, record, true);
  }

  private follow(session: GatewaySession, record: RoomRecord, isNewView: boolean): void {
    // What was read before the session came to the room says nothing about it; a newer view is on its way.
    if (!session.binding || record.rev < session.binding.rev) return;
    if (!session.binding.watching && !isMember(record, session.user)) return this.leftRoom(session, 'left');
    // The client is in a game that is no more the room's: that one ends for it first.
    if (session.round !== null && (record.status !== 'playing' || record.round !== session.round)) return this.endGame(session, record);
    if (isNewView) session.send({ kind: 'room', room: viewOf(record) });
    if (record.status !== 'playing') this.rest(session);
    else if (record.epoch > session.epoch) void this.attach(session, record);
  }

  /** The record says the game is over; its owner, if it lives, says so itself, with the last sync before it. */
  private endGame(session: GatewaySession, record: RoomRecord): void {
    if (session.isEnding) return;
    session.isEnding = true;
    const { round, connection } = session;
    const isOwnerHere = !session.endTold && session.attachment === 'attached' && session.peer?.isOpen;
    const end = async (): Promise<void> => {
      const epilogue = session.endTold ? null : await this.epilogueOf(record.id);
      session.isEnding = false;
      if (session.room !== record.id || session.round !== round || session.connection !== connection) return;
      if (!session.endTold) this.tellEnd(session, record, epilogue?.round === round ? epilogue : null);
      this.rest(session);
      this.catchUp(session, this.follower.get(record.id) ?? record);
    };
    if (!isOwnerHere) return void end();
    session.endWhenTold = end;
    setTimeout(() => this.endNow(session, end), LAST_WORDS_MS);
  }

  /** Its owner has spoken its last words, or waited too long with them. */
  private endNow(session: GatewaySession, end: (() => Promise<void>) | null): void {
    if (end === null || session.endWhenTold !== end) return;
    session.endWhenTold = null;
    void end();
  }

  /** In the owner's place: the last state with the last acknowledgement, and the result. */
  private tellEnd(session: GatewaySession, record: RoomRecord, epilogue: Epilogue | null): void {
    if (epilogue) {
      const { version, watched, seats, events, since } = epilogue;
      const seat = session.binding?.watching ? undefined : seats.find(({ user }) => user === session.user);
      // Before the sync, whose `seq` answers every command up to it that was not refused.
      for (const [seq, code] of seat?.refused ?? []) session.send({ kind: 'rejected', seq, ...errorBody(code) });
      const missed = events.filter((event) => event.version > (session.version ?? version));
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

  private async epilogueOf(room: RoomId): Promise<Epilogue | null> {
    try {
      return await this.roomLog.epilogue(room);
    } catch (error) {
      this.log.warn('epilogue.unread', { roomId: room, error: String(error) });
      return null;
    }
  }

  private rest(session: GatewaySession): void {
    session.attachment = 'none';
    session.peer = null;
    session.isPlaced = false;
    session.pauseTold = false;
    session.endTold = false;
    session.round = null;
    session.version = null;
    session.held = [];
  }

  private roomClosed(room: RoomId, reason: string): void {
    for (const session of [...(this.members.get(room) ?? [])]) this.leftRoom(session, reason);
  }

  private leftRoom(session: GatewaySession, reason: string): void {
    this.unbind(session, 'left');
    session.send({ kind: 'room', room: null, reason });
  }

  /** Only what its members see counts: an owner may change without a word to them. */
  private isNewView(record: RoomRecord): boolean {
    const view = JSON.stringify({ ...viewOf(record), rev: 0 });
    if (this.views.get(record.id) === view) return false;
    this.views.set(record.id, view);
    return true;
  }

  // ── The tie to the owner ───────────────────────────────────────────────────────────────────────────────────────

  private async attach(session: GatewaySession, record: RoomRecord): Promise<void> {
    const { owner, epoch, id: room } = record;
    if (!owner || !session.binding || !session.connection) return;
    const isNewGame = session.epoch === 0 || session.attachment === 'none';
    session.epoch = epoch;
    // From here on the former owner's link is nothing to this session: a drained server's ends as soon as its last room has left.
    session.peer = null;
    session.attachedRound = record.round;
    session.attachment = 'attaching';
    session.isPlaced = false;
    session.attachAttempt += 1;
    const attempt = session.attachAttempt;
    try {
      const peer = await this.ownersLink(owner);
      if (session.attachAttempt !== attempt || session.attachment !== 'attaching') return;
      session.peer = peer;
      const { handle, id, user, binding } = session;
      const version = session.round === record.round ? session.version : null;
      const isPlayer = record.doc.players.includes(user) && !binding.watching;
      await peer.request('room.attach', { room, epoch, handle, session: id, user, watch: !isPlayer, round: record.round, version });
      if (session.attachAttempt !== attempt || session.attachment !== 'attaching') return;
      session.attachment = 'attached';
      this.sendHeld(session);
    } catch (error) {
      if (session.attachAttempt !== attempt) return;
      const code = error instanceof HoldfastError ? error.code : 'internal';
      if (code === 'forbidden') {
        // The seat was given up; the room still names the player until the lobby has caught up.
        session.attachment = 'none';
        return;
      }
      if (code !== 'moved' && code !== 'server-lost') this.log.warn('attach.failed', { roomId: room, error: String(error) });
      this.pause(session, 'server-lost', isNewGame);
    }
  }

  private async ownersLink(owner: RoomOwnership): Promise<LinkPeer> {
    const open = this.fleetLinks.get(owner.server);
    if (open?.isOpen && open.incarnation === owner.incarnation) return open;
    const server = this.directory.get(owner.server);
    if (!server || server.state === 'dead' || server.incarnation !== owner.incarnation) throw new HoldfastError('server-lost');
    const peer = await this.fleetLinks.to(server);
    if (peer.incarnation !== owner.incarnation) throw new HoldfastError('server-lost');
    return peer;
  }

  /** `quietly`: the player has seen nothing of the game yet, and need not hear that it waits. */
  private pause(session: GatewaySession, reason: string, quietly = false): void {
    session.attachment = 'paused';
    session.isPlaced = false;
    session.peer = null;
    session.attachAttempt += 1;
    if (session.pauseTold || quietly || !session.room) return;
    session.pauseTold = true;
    session.pausedAt = performance.now();
    session.send({ kind: 'paused', room: session.room, reason });
  }

  private resume(session: GatewaySession): void {
    if (!session.pauseTold || !session.room) return;
    session.pauseTold = false;
    this.metrics.roomPauseSeconds.observe({ cause: 'server-lost' }, (performance.now() - session.pausedAt) / 1_000);
    session.send({ kind: 'resumed', room: session.room, reason: 'owner' });
  }

  private detach(session: GatewaySession, gone: 'left' | 'away' | 'slow'): void {
    if (session.peer && (session.attachment === 'attached' || session.attachment === 'attaching')) {
      session.peer.emit('room.detach', { handle: session.handle, gone });
    }
    session.attachment = 'none';
    session.isPlaced = false;
    session.peer = null;
    session.epoch = 0;
    session.attachAttempt += 1;
    session.slowSince = null;
  }

  private ownerLost(peer: LinkPeer): void {
    for (const session of this.sessions.all()) {
      if (session.peer !== peer) continue;
      if (session.attachment === 'attached' || session.attachment === 'attaching' || session.attachment === 'slow')
        this.pause(session, 'server-lost');
      if (session.room) this.follower.look(session.room);
    }
  }

  /** Nobody tells when a lost owner's rooms are back if the word was lost; and an owner that was only cut off takes its sessions again. */
  private lookAfterPaused(): void {
    const now = performance.now();
    for (const session of this.sessions.all()) {
      if (session.held.length > 0 && now - session.held[0].at > HELD_MS) this.refuseHeld(session, 'unavailable');
      if (session.attachment !== 'paused' || !session.room) continue;
      const record = this.follower.get(session.room);
      if (record?.status === 'playing') void this.attach(session, record);
      this.follower.look(session.room);
    }
  }

  // ── Frames ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private receiveFrame(frame: Buffer): void {
    const session = this.sessions.withHandle(frame.readUInt32BE(LINK_HEADER.session.handle));
    if (!session || frame.readDoubleBE(LINK_HEADER.session.epoch) < session.epoch || !session.connection) return;
    const kind = frame[LINK_HEADER.session.frame];
    if (kind === KIND.placed) {
      session.isPlaced = true;
      session.round = session.attachedRound;
      this.resume(session);
    } else if (!session.isPlaced) return;
    else if (kind === KIND.ended) {
      session.endTold = true;
      if (session.room) this.follower.look(session.room);
    }
    this.framesDown.inc();
    session.connection.sendFrame(frame.subarray(LINK_HEADER.session.frame));
    if (kind === KIND.ended) this.endNow(session, session.endWhenTold);
  }

  private receiveSync(frame: Buffer): void {
    const { syncMany } = LINK_HEADER;
    const epoch = frame.readDoubleBE(syncMany.epoch);
    const version = frame.readUInt32BE(syncMany.version);
    const count = frame.readUInt16BE(syncMany.count);
    const body = frame.subarray(syncMany.entries + count * syncMany.entryBytes);
    this.framesDown.inc(count);
    for (let at = syncMany.entries; count > 0 && at < syncMany.entries + count * syncMany.entryBytes; at += syncMany.entryBytes) {
      const session = this.sessions.withHandle(frame.readUInt32BE(at));
      if (!session?.isPlaced || epoch < session.epoch || !session.connection || session.attachment === 'slow') continue;
      session.version = version;
      session.connection.sendSync(version, frame.readUInt32BE(at + 4), body);
      if (session.connection.backlogBytes > this.options.backlogBytesMax) this.holdBack(session);
    }
  }

  private sendHeld(session: GatewaySession): void {
    const { held, peer } = session;
    session.held = [];
    for (const { frame } of held) peer?.sendSessionFrame(LINK_KIND.toRoom, session.handle, session.epoch, frame);
  }

  private refuseHeld(session: GatewaySession, code: 'unavailable'): void {
    const { held } = session;
    session.held = [];
    for (const { frame } of held) this.refuse(session, frame, code);
  }

  private refuse(session: GatewaySession, frame: Buffer, code: 'busy' | 'not-in-room' | 'room-not-playing' | 'unavailable'): void {
    session.connection?.sendFrame(
      encodeServerMessage({ kind: 'rejected', seq: frame.readUInt32BE(HEADER.command.seq), ...errorBody(code) }),
    );
  }
}
