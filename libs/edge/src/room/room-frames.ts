import { Inject, Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LINK_HEADER, LINK_KIND, type LinkPeer, Links } from '#libs/link';
import { encodeServerMessage, errorBody, HEADER, KIND } from '#libs/protocol';
import { Metrics, type Tally } from '#libs/telemetry';
import { readContext, Tracer } from '#libs/tracing';
import { DELAYED_COMMANDS_MAX, DELAYED_COMMANDS_MS, EDGE_OPTIONS, type EdgeOptions, LOST_POLL_MS } from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { CommandTraces } from './command-traces.js';
import { GameEndNotifier } from './game-end-notifier.js';
import { OwnerAttachments } from './owner-attachments.js';
import { RoomRecordCache } from './room-record-cache.js';

type ConnectedSession = GatewaySession & { readonly connection: PlayerConnection };

/**
 * The text by which the gateway recognizes a `placed` that reports a rewind. The frame of another `placed` contains this text only if the
 * name of a player contains it. The gateway then drops the delayed commands although there was no rewind. This is harmless, because the
 * client repeats the commands.
 */
const REWOUND = Buffer.from('rewound');

/**
 * The frame path: relays frames between players and the owners of their rooms, without decoding or awaiting anything. While a room has no
 * owner, the gateway delays the commands of its players: at most `DELAYED_COMMANDS_MAX`, for at most `DELAYED_COMMANDS_MS`.
 *
 * Invariant: a session receives only frames of the highest epoch that it knows. So no player receives frames of a former owner that
 * continues after a suspension.
 */
@Injectable()
export class RoomFrames implements OnModuleInit {
  private readonly delayed = new Set<GatewaySession>();
  private readonly framesUp: Tally;
  private readonly framesDown: Tally;
  private readonly inputsUnattached: Tally;
  private readonly inputsCongested: Tally;
  private readonly inputsRefused: Tally;
  /** The traces of commands. Null: tracing is off. */
  private readonly traces: CommandTraces | null;

  constructor(
    private readonly sessions: SessionTable,
    private readonly cache: RoomRecordCache,
    private readonly attachments: OwnerAttachments,
    private readonly ends: GameEndNotifier,
    metrics: Metrics,
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    @Inject(Links) private readonly links: Links,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {
    this.traces = tracer && new CommandTraces(tracer);
    this.inputsUnattached = metrics.inputsUndelivered.of({ reason: 'not-attached' });
    this.inputsCongested = metrics.inputsUndelivered.of({ reason: 'congested' });
    this.inputsRefused = metrics.inputsUndelivered.of({ reason: 'rate-limited' });
    this.framesUp = metrics.relayFrames.of({ direction: 'up' });
    this.framesDown = metrics.relayFrames.of({ direction: 'down' });
  }

  onModuleInit(): void {
    this.links.onFrame(LINK_KIND.toPlayer, (_, frame) => this.receiveFrame(frame));
    this.links.onFrame(LINK_KIND.syncMany, (_, frame) => this.receiveSync(frame));
    this.links.onFrame(LINK_KIND.compactMany, (_, frame) => this.receiveCompactSync(frame));
    const { tracer, traces } = this;
    if (traces) this.sessions.onRemoved((session) => traces.sessionEnded(session));
    if (tracer) this.links.onFrame(LINK_KIND.tracedSync, (peer, frame) => noteSync(tracer, peer, frame));
  }

  /** Relays a command to the room, delays it, or refuses it. The bytes of `frame` are valid only during the call. */
  command(session: GatewaySession, frame: Buffer): void {
    const { attachment } = session;
    if (attachment.kind === 'attached' && attachment.peer.isOpen) {
      if (attachment.peer.isCongested) return this.refuse(session, frame, 'busy');
      this.framesUp.inc();
      if (this.traces !== null) this.traces.begin(session, attachment.peer, frame);
      attachment.peer.sendSessionFrame(LINK_KIND.toRoom, session.handle, attachment.epoch, frame);
      return;
    }
    const record = session.room ? this.cache.get(session.room) : null;
    if (!session.binding) return this.refuse(session, frame, 'not-in-room');
    if (record && record.status !== 'playing' && attachment.kind === 'none') return this.refuse(session, frame, 'room-not-playing');
    if (session.delayedCommands.length >= DELAYED_COMMANDS_MAX) return this.refuse(session, frame, 'busy');
    session.delayedCommands.push({ frame: Buffer.from(frame), at: performance.now() });
    this.delayed.add(session);
  }

  /**
   * Relays a player input to the room, or drops it. The gateway never delays a player input, because an outdated input is worse than none.
   * It never answers a player input.
   */
  input(session: GatewaySession, frame: Buffer): void {
    const { attachment } = session;
    if (attachment.kind !== 'attached' || !attachment.peer.isOpen) return this.inputsUnattached.inc();
    if (attachment.peer.isCongested) return this.inputsCongested.inc();
    this.framesUp.inc();
    attachment.peer.sendInput(session.handle, attachment.epoch, frame);
  }

  /** Counts, in a metric, a player input that exceeds the limits of its connection. */
  inputRefused(): void {
    this.inputsRefused.inc();
  }

  private receiveFrame(frame: Buffer): void {
    const session = this.sessions.withHandle(frame.readUInt32BE(LINK_HEADER.session.handle));
    if (!session?.connection) return;
    const { attachment } = session;
    if (frame.readDoubleBE(LINK_HEADER.session.epoch) < attachment.epoch) return;
    const kind = frame[LINK_HEADER.session.frame];
    if (kind === KIND.placed) {
      if (!this.attachments.placed(session)) return;
      // Drops the delayed commands after a rewind, because the client repeats its unanswered commands itself.
      if (frame.includes(REWOUND)) session.delayedCommands = [];
      else if (session.delayedCommands.length > 0) this.sendDelayed(session);
    } else if (attachment.kind !== 'attached' && attachment.kind !== 'slow') return;
    else if (kind === KIND.ended) {
      this.ends.ownerEnded(session);
      if (session.room) this.cache.refresh(session.room);
    }
    this.framesDown.inc();
    if (this.traces !== null && kind === KIND.rejected)
      this.traces.refused(session, frame.readUInt32BE(LINK_HEADER.session.frame + HEADER.rejected.seq));
    session.connection.sendFrame(frame.subarray(LINK_HEADER.session.frame));
    if (kind === KIND.ended) this.ends.finish(session);
  }

  private receiveSync(frame: Buffer): void {
    const { syncMany } = LINK_HEADER;
    const epoch = frame.readDoubleBE(syncMany.epoch);
    const version = frame.readUInt32BE(syncMany.version);
    const count = frame.readUInt16BE(syncMany.count);
    const body = frame.subarray(syncMany.entries + count * syncMany.entryBytes);
    this.framesDown.inc(count);
    for (let at = syncMany.entries; count > 0 && at < syncMany.entries + count * syncMany.entryBytes; at += syncMany.entryBytes) {
      const session = this.receiverOf(frame.readUInt32BE(at), epoch);
      if (!session) continue;
      session.version = version;
      session.versionEpoch = epoch;
      if (this.traces !== null) this.traces.acknowledged(session, frame.readUInt32BE(at + 4));
      session.connection.sendSync(version, frame.readUInt32BE(at + 4), body);
      if (session.connection.backlogBytes > this.options.backlogBytesMax) this.attachments.suspendFrames(session);
    }
  }

  private receiveCompactSync(frame: Buffer): void {
    const { compactMany } = LINK_HEADER;
    const epoch = frame.readDoubleBE(compactMany.epoch);
    const version = frame.readUInt32BE(compactMany.version);
    const count = frame.readUInt16BE(compactMany.count);
    const end = compactMany.entries + count * compactMany.entryBytes;
    const body = frame.subarray(end);
    this.framesDown.inc(count);
    for (let at = compactMany.entries; at < end; at += compactMany.entryBytes) {
      const session = this.receiverOf(frame.readUInt32BE(at), epoch);
      if (!session) continue;
      session.version = version;
      session.versionEpoch = epoch;
      if (this.traces !== null) this.traces.acknowledged(session, frame.readUInt32BE(at + 4));
      session.connection.sendCompactSync(frame.readUInt32BE(at + 4), frame.readUInt32BE(at + 8), body);
      if (session.connection.backlogBytes > this.options.backlogBytesMax) this.attachments.suspendFrames(session);
    }
  }

  /** Returns the session of a handle. Null: the session does not receive syncs of this epoch now. */
  private receiverOf(handle: number, epoch: number): ConnectedSession | null {
    const session = this.sessions.withHandle(handle);
    if (session?.attachment.kind !== 'attached' || epoch < session.attachment.epoch || !session.connection) return null;
    return session as ConnectedSession;
  }

  private sendDelayed(session: GatewaySession): void {
    const { delayedCommands, attachment } = session;
    session.delayedCommands = [];
    if (attachment.kind !== 'attached') return;
    for (const { frame } of delayedCommands) attachment.peer.sendSessionFrame(LINK_KIND.toRoom, session.handle, attachment.epoch, frame);
  }

  @Interval(LOST_POLL_MS)
  refuseOverdue(): void {
    const now = performance.now();
    for (const session of this.delayed) {
      const { delayedCommands } = session;
      if (delayedCommands.length > 0 && now - delayedCommands[0]!.at <= DELAYED_COMMANDS_MS) continue;
      this.delayed.delete(session);
      session.delayedCommands = [];
      for (const { frame } of delayedCommands) this.refuse(session, frame, 'unavailable');
    }
  }

  private refuse(session: GatewaySession, frame: Buffer, code: 'busy' | 'not-in-room' | 'room-not-playing' | 'unavailable'): void {
    session.connection?.sendFrame(
      encodeServerMessage({ kind: 'rejected', seq: frame.readUInt32BE(HEADER.command.seq), ...errorBody(code) }),
    );
  }
}

/** Handles the frame that follows the sync of a traced command on the link. Records that this gateway has relayed this sync to players. */
function noteSync(tracer: Tracer, { id }: LinkPeer, frame: Buffer): void {
  const { version, context } = LINK_HEADER.tracedSync;
  const parent = readContext(frame, context);
  if (parent) tracer.begin('sync.relay', { 'holdfast.peer': id, 'holdfast.version': frame.readUInt32BE(version) }, parent).end();
}
