import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { FleetLinks, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type LinkPeer, Links } from '#libs/link';
import { type AttachRequest, type Control, HoldfastError, type RoomId } from '#libs/protocol';
import type { RoomOwnership, RoomRecord } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import { ATTACH_TIMEOUT_MS, ATTACHED_AT_ONCE_MAX, LOST_POLL_MS, LOST_READ_MS } from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import { RoomRecordCache } from './room-record-cache.js';

interface QueuedAttach {
  readonly session: GatewaySession;
  readonly attempt: number;
  readonly request: AttachRequest;
}

/**
 * The tie of each session to the owner of its room: asked for, proved by the owner's `placed`, given up, asked for
 * again. All sessions of one owner are asked for in one event, since a server that dies leaves hundreds at once.
 *
 * An event may be lost with its link, or reach an owner that does not have the room yet: what has no `placed` after a
 * while is asked for again, and asking twice is asking once.
 */
@Injectable()
export class OwnerAttachments implements OnModuleDestroy {
  /** Sessions without an owner that should have one: `attaching` or `paused`. */
  private readonly waiting = new Set<GatewaySession>();
  private unsent = new Map<string, { owner: RoomOwnership; all: QueuedAttach[] }>();
  private readonly polling: NodeJS.Timeout;

  constructor(
    private readonly sessions: SessionTable,
    private readonly cache: RoomRecordCache,
    private readonly fleetLinks: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly log: Log,
    private readonly metrics: Metrics,
    @Inject(Links) links: Links,
  ) {
    links.onClosed((peer) => this.ownerLost(peer));
    this.polling = setInterval(() => this.pollWaiting(), LOST_POLL_MS);
    this.polling.unref();
  }

  /** The room's owner, by its record, shall take the session. `placed` and a sync come, or `detached`, or nothing. */
  attach(session: GatewaySession, record: RoomRecord): void {
    const { owner, epoch, id: room, round } = record;
    const { binding, handle, id, user } = session;
    if (!owner || !binding || !session.connection) return;
    session.epoch = epoch;
    // From here on the former owner's link is nothing to this session: a drained server's ends as soon as its last room has left.
    session.peer = null;
    session.attachedRound = round;
    session.isPlaced = false;
    session.attachAttempt += 1;
    this.become(session, 'attaching');
    const version = session.round === round ? session.version : null;
    const watch = binding.watching || !record.doc.players.includes(user);
    const request = { room, epoch, handle, session: id, user, watch, round, version, versionEpoch: session.versionEpoch };
    this.queue(owner, { session, attempt: session.attachAttempt, request });
  }

  /** The owner has said so: frames flow from here on. False: it speaks to an attachment from before. */
  placed(session: GatewaySession): boolean {
    if (session.status !== 'attaching' && session.status !== 'attached') return false;
    session.isPlaced = true;
    session.hasSeenGame = true;
    session.round = session.attachedRound;
    this.become(session, 'attached');
    if (!session.isPauseSent || !session.room) return true;
    session.isPauseSent = false;
    this.metrics.roomPauseSeconds.observe({ cause: 'server-lost' }, (performance.now() - session.pausedAt) / 1_000);
    session.send({ kind: 'resumed', room: session.room, reason: 'owner' });
    return true;
  }

  detach(session: GatewaySession, gone: 'left' | 'away' | 'slow'): void {
    if (session.peer && (session.status === 'attached' || session.status === 'attaching')) {
      session.peer.emit('room.detach', { handle: session.handle, gone });
    }
    this.rest(session);
    session.epoch = 0;
    session.slowSince = null;
  }

  /** No game runs for the session, or not for it. */
  rest(session: GatewaySession): void {
    this.become(session, 'none');
    session.isPlaced = false;
    session.hasSeenGame = false;
    session.peer = null;
    session.attachAttempt += 1;
  }

  /** The connection does not keep up: the owner shall send nothing until it does. */
  suspendFrames(session: GatewaySession): void {
    if (session.status !== 'attached') return;
    this.metrics.backpressure.inc({ where: 'player' });
    session.peer?.emit('room.detach', { handle: session.handle, gone: 'slow' });
    this.become(session, 'slow');
    session.slowSince = performance.now();
  }

  /** The owner says that a handle of its is no more, or never was. */
  ownerDetached(peer: LinkPeer, { handle, room, epoch, reason }: Control['room.detached']['data']): void {
    const session = this.sessions.withHandle(handle);
    if (!session || session.room !== room || session.peer !== peer || session.epoch > epoch || reason === 'ended') return;
    // The seat was given up; the room still names the player until the lobby has caught up.
    if (reason === 'forbidden') return this.rest(session);
    if (session.status !== 'none') this.pause(session, reason === 'moved' ? 'moving' : 'server-lost');
    // A new owner is published as soon as it is one. Anything else means that the record we went by is not the latest.
    if (reason !== 'moved') this.cache.refresh(room);
  }

  onModuleDestroy(): void {
    clearInterval(this.polling);
  }

  // ── Asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private queue(owner: RoomOwnership, attach: QueuedAttach): void {
    if (this.unsent.size === 0) process.nextTick(() => this.sendAll());
    const key = `${owner.server}:${owner.incarnation}`;
    const same = this.unsent.get(key);
    if (same) same.all.push(attach);
    else this.unsent.set(key, { owner, all: [attach] });
  }

  private sendAll(): void {
    const { unsent: asking } = this;
    this.unsent = new Map();
    for (const { owner, all } of asking.values()) void this.sendTo(owner, all);
  }

  private async sendTo(owner: RoomOwnership, all: readonly QueuedAttach[]): Promise<void> {
    let peer: LinkPeer | null = null;
    try {
      peer = await this.linkTo(owner);
    } catch (error) {
      this.log.debug('attach.no-link', { target: owner.server, sessions: all.length, error: String(error) });
    }
    const current = all.filter(({ session, attempt }) => session.attachAttempt === attempt && session.status === 'attaching');
    if (!peer || peer.isCongested) {
      for (const { session } of current) this.pause(session, 'server-lost');
      return;
    }
    for (const { session } of current) session.peer = peer;
    for (let at = 0; at < current.length; at += ATTACHED_AT_ONCE_MAX) {
      const sessions = current.slice(at, at + ATTACHED_AT_ONCE_MAX).map(({ request }) => request);
      peer.emit('room.attach', { sessions });
    }
  }

  /** Null where that incarnation is known to be gone. */
  private async linkTo(owner: RoomOwnership): Promise<LinkPeer | null> {
    const open = this.openLinkTo(owner);
    if (open) return open;
    const server = this.recordOf(owner);
    if (!server) return null;
    const peer = await this.fleetLinks.to(server);
    if (peer.incarnation !== owner.incarnation) throw new HoldfastError('server-lost');
    return peer;
  }

  private isReachable(owner: RoomOwnership): boolean {
    return this.openLinkTo(owner) !== null || this.recordOf(owner) !== null;
  }

  private openLinkTo({ server, incarnation }: RoomOwnership): LinkPeer | null {
    const peer = this.fleetLinks.get(server);
    return peer?.isOpen && peer.incarnation === incarnation ? peer : null;
  }

  private recordOf({ server: id, incarnation }: RoomOwnership): ServerRecord | null {
    const server = this.directory.get(id);
    return server && server.state !== 'dead' && server.incarnation === incarnation ? server : null;
  }

  // ── Without an owner ───────────────────────────────────────────────────────────────────────────────────────────

  private pause(session: GatewaySession, reason: string): void {
    this.become(session, 'paused');
    session.isPlaced = false;
    session.peer = null;
    session.attachAttempt += 1;
    // Who has seen nothing of the game yet need not hear that it waits.
    if (session.isPauseSent || !session.hasSeenGame || !session.room) return;
    session.isPauseSent = true;
    session.pausedAt = performance.now();
    session.send({ kind: 'paused', room: session.room, reason });
  }

  /** Its rooms are looked at only after a while: where they went is published, and whoever finds that out is at work now. */
  private ownerLost(peer: LinkPeer): void {
    for (const session of this.sessions.all()) {
      if (session.peer === peer && session.status !== 'none') this.pause(session, 'server-lost');
    }
  }

  /** A published word may be lost; and an owner that was only cut off takes its sessions again. */
  private pollWaiting(): void {
    const now = performance.now();
    const rooms = new Set<RoomId>();
    for (const session of this.waiting) {
      const { room } = session;
      if (!room || !session.connection) continue;
      if (session.status === 'attaching' && now - session.attachSentAt < ATTACH_TIMEOUT_MS) continue;
      if (session.status === 'attaching') this.pause(session, 'server-lost');
      const record = this.cache.get(room);
      // Of one that is gone there is nothing to ask; thousands of sessions may wait for the word of who has their rooms.
      if (record?.status === 'playing' && record.owner && this.isReachable(record.owner)) this.attach(session, record);
      if (now < session.readAt) continue;
      session.readAt = now + LOST_READ_MS;
      rooms.add(room);
    }
    for (const room of rooms) this.cache.refresh(room);
  }

  private become(session: GatewaySession, attachment: GatewaySession['status']): void {
    const isWaiting = attachment === 'attaching' || attachment === 'paused';
    if (!isWaiting) this.waiting.delete(session);
    else if (!this.waiting.has(session)) {
      this.waiting.add(session);
      session.readAt = performance.now() + LOST_READ_MS;
    }
    if (attachment === 'attaching') session.attachSentAt = performance.now();
    session.status = attachment;
  }
}
