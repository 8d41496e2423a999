import { Inject, Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { FleetLinks, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type LinkPeer, Links } from '#libs/link';
import { type AttachRequest, type Control, HoldfastError, type PauseReason, type RoomId } from '#libs/protocol';
import type { RoomOwnership, RoomRecord } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import { ATTACH_TIMEOUT_MS, ATTACHED_AT_ONCE_MAX, LOST_POLL_MS, LOST_READ_MS } from '../edge.options.js';
import {
  type AttachmentEvent,
  type AttachmentOutput,
  type AttachmentState,
  type DetachReason,
  nextAttachment,
  peerOf,
} from '../session/attachment-state.js';
import type { GatewaySession, WritableSession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import { PauseTraces } from './pause-traces.js';
import { RoomRecordCache } from './room-record-cache.js';

/**
 * The event that the backlog of a connection is too large. All sessions share this object, because each frame to such a connection causes
 * the event.
 */
const SLOW: AttachmentEvent = { kind: 'slow' };

interface QueuedAttach {
  readonly session: GatewaySession;
  /**
   * The attachment for which the request was queued. If the session's attachment has changed since then, the gateway does not send the
   * request.
   */
  readonly attachment: AttachmentState;
  readonly request: AttachRequest;
}

/**
 * Attaches sessions to the owners of their rooms. One event requests the attachments of all sessions of an owner, because hundreds of
 * sessions may lose an owner at once. The transitions are in `attachment-state.ts`. Only this class writes the state of an attachment and
 * sends the messages that a transition requires.
 *
 * A request may be lost with its link, or reach an owner that does not have the room yet. So the gateway repeats a request when the owner
 * does not answer with `placed` within `ATTACH_TIMEOUT_MS`. A repeated request is harmless.
 */
@Injectable()
export class OwnerAttachments implements OnModuleInit {
  /**
   * Sessions in the states `attaching` and `paused`. The value is the time at which the gateway next reads the room's record, in ms of the
   * monotonic clock.
   */
  private readonly waiting = new Map<GatewaySession, number>();
  private unsent = new Map<string, { owner: RoomOwnership; all: QueuedAttach[] }>();

  constructor(
    private readonly sessions: SessionTable,
    private readonly cache: RoomRecordCache,
    private readonly fleetLinks: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly log: Log,
    private readonly metrics: Metrics,
    @Inject(Links) private readonly links: Links,
    @Optional() @Inject(PauseTraces) private readonly pauses: PauseTraces | null = null,
  ) {}

  onModuleInit(): void {
    this.links.onClosed((peer) => this.ownerLost(peer));
  }

  /**
   * Requests the attachment from the room's owner. The owner answers with `placed` and a sync, or with `room.detached`. The answer may be
   * lost.
   */
  attach(session: GatewaySession, record: RoomRecord): void {
    const { owner, epoch, id: room, round } = record;
    const { binding, handle, id, user } = session;
    if (!owner || !binding || !session.connection) return;
    this.apply(session, { kind: 'attach', epoch, round, now: performance.now() });
    const version = session.round === round ? session.version : null;
    const watch = binding.watching || !record.doc.players.includes(user);
    const compact = session.connection.readsCompact;
    const request = { room, epoch, handle, session: id, user, watch, round, version, versionEpoch: session.versionEpoch, compact };
    this.queue(owner, { session, attachment: session.attachment, request });
  }

  /** Handles a `placed` of the owner. Returns false when the `placed` belongs to an earlier attachment. */
  placed(session: GatewaySession): boolean {
    if (!this.apply(session, { kind: 'placed', now: performance.now() })) return false;
    if (session.attachment.kind === 'attached') session.round = session.attachment.round;
    return true;
  }

  /** Detaches the session, because it leaves the room, or because its connection is lost or was replaced. */
  detach(session: GatewaySession, gone: DetachReason): void {
    this.apply(session, { kind: 'detach', gone });
  }

  /** Ends the attachment, because no game runs in the room and the client has received the end of the last game. */
  end(session: GatewaySession): void {
    this.apply(session, { kind: 'ended' });
  }

  /** Ends an attachment in the state `slow` when no game runs in the room any more. */
  drop(session: GatewaySession): void {
    this.apply(session, { kind: 'dropped' });
  }

  /** Requests that the owner send no more syncs to a session whose connection has a large backlog. */
  suspendFrames(session: GatewaySession): void {
    if (this.apply(session, SLOW)) this.metrics.backpressure.inc({ where: 'player' });
  }

  /**
   * Sends `paused`, because the owner does not answer on its link. The attachment stays valid. The owner handles the waiting commands when
   * it reads its link again.
   */
  ownerStalled(session: GatewaySession): void {
    this.apply(session, { kind: 'stalled', now: performance.now() });
  }

  /** Sends `resumed` after `ownerStalled`, because the owner answers on its link again. */
  ownerRecovered(session: GatewaySession): void {
    this.apply(session, { kind: 'recovered' });
  }

  /** Handles `room.detached`: the owner has removed the handle or does not know the handle. */
  ownerDetached(peer: LinkPeer, { handle, room, epoch, reason }: Control['room.detached']['data']): void {
    const session = this.sessions.withHandle(handle);
    if (!session || session.room !== room || reason === 'ended') return;
    const { attachment } = session;
    if (peerOf(attachment) !== peer || attachment.epoch > epoch) return;
    // `forbidden`: the player has given up the seat, so the gateway ends the attachment and sends no `paused`. The room's record lists the
    // player until a lobby has removed the user.
    if (reason === 'forbidden') return void this.apply(session, { kind: 'dropped' });
    this.lose(session, reason === 'moved' ? 'moving' : 'server-lost');
    // After `moved`, the new owner publishes the changed record. After any other reason, the cached record may be old, so the gateway reads
    // it again.
    if (reason !== 'moved') this.cache.refresh(room);
  }

  // ── Requests to owners ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private queue(owner: RoomOwnership, attach: QueuedAttach): void {
    if (this.unsent.size === 0) process.nextTick(() => this.sendAll());
    const key = `${owner.server}:${owner.incarnation}`;
    const same = this.unsent.get(key);
    if (same) same.all.push(attach);
    else this.unsent.set(key, { owner, all: [attach] });
  }

  private sendAll(): void {
    const { unsent } = this;
    this.unsent = new Map();
    for (const { owner, all } of unsent.values()) void this.sendTo(owner, all);
  }

  private async sendTo(owner: RoomOwnership, all: readonly QueuedAttach[]): Promise<void> {
    let peer: LinkPeer | null = null;
    try {
      peer = await this.linkTo(owner);
    } catch (error) {
      this.log.debug('attach.no-link', { target: owner.server, sessions: all.length, error });
    }
    const current = all.filter(({ session, attachment }) => session.attachment === attachment);
    if (!peer || peer.isCongested) {
      for (const { session } of current) this.lose(session, 'server-lost');
      return;
    }
    for (const { session } of current) this.apply(session, { kind: 'requested', peer });
    for (let at = 0; at < current.length; at += ATTACHED_AT_ONCE_MAX) {
      const sessions = current.slice(at, at + ATTACHED_AT_ONCE_MAX).map(({ request }) => request);
      peer.emit('room.attach', { sessions });
    }
  }

  /** Returns the link to this incarnation of the owner, or null when the incarnation is gone. */
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

  // ── Sessions without an owner ──────────────────────────────────────────────────────────────────────────────────

  private lose(session: GatewaySession, reason: PauseReason): void {
    this.apply(session, { kind: 'lost', reason, now: performance.now() });
  }

  /**
   * Pauses the sessions of an owner whose link has closed. Does not read the room records now, because another server will place the rooms
   * and publish their new owners.
   */
  private ownerLost(peer: LinkPeer): void {
    for (const session of this.sessions.all()) if (peerOf(session.attachment) === peer) this.lose(session, 'server-lost');
  }

  /**
   * Requests missing attachments again and reads the room records, because a publication may be lost, and an unreachable owner may be
   * reachable again.
   */
  @Interval(LOST_POLL_MS)
  pollWaiting(): void {
    const now = performance.now();
    const rooms = new Set<RoomId>();
    for (const [session, readAt] of this.waiting) {
      const { room, attachment } = session;
      if (!room || !session.connection) continue;
      if (attachment.kind === 'attaching' && now - attachment.since < ATTACH_TIMEOUT_MS) continue;
      if (attachment.kind === 'attaching') this.lose(session, 'server-lost');
      const record = this.cache.get(room);
      // Requests an attachment only from a reachable owner. Otherwise thousands of sessions that wait for a new owner would send requests
      // to the lost owner.
      if (record?.status === 'playing' && record.owner && this.isReachable(record.owner)) this.attach(session, record);
      if (now < readAt) continue;
      this.waiting.set(session, now + LOST_READ_MS);
      rooms.add(room);
    }
    for (const room of rooms) this.cache.refresh(room);
  }

  // ── The only writes of `session.attachment` ──────────────────────────────────────────────────────────────────

  /**
   * Applies an event to the attachment of a session, and sends the message that the transition requires. Returns false when the event has
   * no effect in this state.
   */
  private apply(session: WritableSession, event: AttachmentEvent): boolean {
    const step = nextAttachment(session.attachment, event);
    if (step === null) return false;
    session.attachment = step.state;
    const isWaiting = step.state.kind === 'attaching' || step.state.kind === 'paused';
    if (!isWaiting) this.waiting.delete(session);
    else if (!this.waiting.has(session)) this.waiting.set(session, performance.now() + LOST_READ_MS);
    if (step.output) this.send(session, step.output);
    return true;
  }

  private send(session: GatewaySession, output: AttachmentOutput): void {
    const { room, handle } = session;
    switch (output.kind) {
      case 'detach':
        output.peer.emit('room.detach', { handle, gone: output.gone });
        return;
      case 'paused':
        if (room) session.send({ kind: 'paused', room, reason: output.reason });
        return;
      case 'resumed':
        if (output.pausedMs !== null) {
          this.metrics.roomPauseSeconds.observe({ cause: 'server-lost' }, output.pausedMs / 1_000);
          if (this.pauses !== null) this.pauses.resumed(session, output.pausedMs);
        }
        if (room) session.send({ kind: 'resumed', room, reason: 'owner' });
        return;
      default:
        output satisfies never;
    }
  }
}
