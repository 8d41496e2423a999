import { Inject, Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { LINK_HEADER, LINK_KIND, type LinkPeer, Links } from '#libs/link';
import {
  type AttachRequest,
  type Control,
  type ErrorBody,
  errorBody,
  HEADER,
  HoldfastError,
  KIND,
  type RoomId,
  readName,
  type Seat,
  unpackBody,
} from '#libs/protocol';
import { Log, Metrics, type Tally } from '#libs/telemetry';
import { CommandBatch } from '../engine/command-batch.js';
import { RoomClock } from '../engine/room-clock.js';
import { RoomEngine } from '../engine/room-engine.js';
import type { Attachment } from '../room/attachment.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { RoomOutputs } from '../room/room-outputs.js';
import { DelayedSpectators } from './delayed-spectators.js';
import { ResyncWatch } from './resync-watch.js';
import { TracedArrivals } from './traced-arrivals.js';
import { TracedCommands } from './traced-commands.js';

/**
 * Holds the attached sessions of this server's rooms, and passes their frames from the gateway's link to the room. Checks the sequence
 * number of a command in the bytes of the frame, and decodes only new commands.
 */
@Injectable()
export class Attachments implements OnModuleInit {
  private readonly byPeer = new Map<LinkPeer, Map<number, Attachment>>();
  private readonly results = { applied: new Map<string, Tally>(), refused: new Map<string, Tally>() };

  constructor(
    private readonly rooms: HostedRooms,
    private readonly engine: RoomEngine,
    private readonly clock: RoomClock,
    private readonly outputs: RoomOutputs,
    private readonly metrics: Metrics,
    private readonly links: Links,
    private readonly resyncs: ResyncWatch,
    private readonly batch: CommandBatch,
    private readonly delayed: DelayedSpectators,
    private readonly log: Log,
    @Optional() @Inject(TracedCommands) private readonly traces: TracedCommands | null = null,
    @Optional() @Inject(TracedArrivals) private readonly arrivals: TracedArrivals | null = null,
  ) {}

  onModuleInit(): void {
    this.batch.onAnswered((attachment, { seq }, outcome) => this.answer(attachment, seq, outcome));
    this.links.onFrame(LINK_KIND.toRoom, (peer, frame) => this.receive(peer, frame));
    this.links.onClosed((peer) => this.peerLost(peer));
    this.rooms.onDropped((room, reason) => this.detachAll(room, reason));
    this.rooms.onSeatTaken((room, seat) => this.detachSeat(room, seat));
  }

  /**
   * Attaches a session and sends it the state of its room. An earlier attachment of the same handle or seat ends.
   * @throws `moved` when the room is not active on this server in this epoch or a later one; `forbidden` when the user has no seat and does
   * not watch
   */
  attach(
    peer: LinkPeer,
    { room: roomId, epoch, handle, session, user, watch, round, version, versionEpoch = null, compact = false }: AttachRequest,
  ): void {
    this.batch.flush();
    const room = this.rooms.get(roomId);
    if (room?.status !== 'active' || room.tenure.epoch < epoch) throw new HoldfastError('moved');
    const seat = watch ? null : room.seatOf(user);
    if (seat === null && !watch) throw new HoldfastError('forbidden', 'You have no seat in this game.');
    const handles = this.handlesOf(peer);
    const stale = handles.get(handle);
    if (stale) this.remove(stale);
    this.delayed.detach(peer, handle);
    if (seat === null && this.delayed.isDelayed(room)) {
      const known = round === room.round ? version : null;
      return this.delayed.attach(peer, handle, room, known, room.rewoundTo(known, versionEpoch));
    }
    const unseen = { version: -1, seen: undefined, seenSince: -1, seenAt: 0, input: 0, inputAt: 0 };
    const attachment: Attachment = {
      room,
      peer,
      handle,
      session,
      user,
      seat,
      since: room.value.version,
      compact,
      ...unseen,
      isQueued: false,
    };
    handles.set(handle, attachment);
    room.attachments.add(attachment);
    this.log.life('player.attached', {
      roomId,
      user,
      session,
      epoch: room.tenure.epoch,
      ...(seat === null ? { watching: true } : { seat }),
    });
    if (seat !== null) {
      // A player has one attachment, for the newest connection. So this server ignores later frames of an earlier connection.
      const before = room.bySeat.get(seat);
      room.bySeat.set(seat, attachment);
      if (before) this.remove(before);
      // Drops the player inputs of an earlier connection. Otherwise the next steps would sample keys that the player may have released
      // since.
      room.inputs?.release(seat);
      this.clock.seatFilled(room, seat);
    }
    // A version is the number of changes in one round. So a client with the version of another round gets the whole state.
    const held = round === room.round ? version : null;
    if (held === null) this.resyncs.wantsAll(room, session, seat);
    if (this.arrivals !== null) this.arrivals.announce(room, peer, handle);
    this.outputs.sendPlaced(attachment, held, room.rewoundTo(held, versionEpoch));
    // Sends the refusals that no change has recorded, because the player may have missed them. Otherwise the client would regard the
    // refused commands as applied after the next sync.
    if (seat !== null) for (const [seq, code] of room.unrecordedRefusals(seat)) this.sendRefusal(attachment, seq, errorBody(code));
    if (room.isPauseSent) this.outputs.pause(room, 'store');
    if (room.brokenBy !== null) this.engine.viewFailed(room);
  }

  detach(peer: LinkPeer, { handle, gone }: Control['room.detach']['data']): void {
    this.batch.flush();
    const attachment = this.byPeer.get(peer)?.get(handle);
    if (!attachment) return void this.delayed.detach(peer, handle);
    this.remove(attachment);
    const { room, seat, user, session } = attachment;
    if (gone !== 'slow') this.log.life('player.detached', { roomId: room.id, user, session, reason: gone });
    if (seat === null || room.bySeat.has(seat)) return;
    if (gone === 'left') this.engine.input(room, { kind: 'seat', seat, event: 'left' });
    else if (gone === 'away') this.clock.seatEmptied(room, seat);
  }

  /** Detaches the session of the former player of a seat that another player has taken. */
  private detachSeat(room: HostedRoom, seat: Seat): void {
    const attachment = room.bySeat.get(seat);
    if (!attachment) return;
    this.remove(attachment);
    const { peer, handle } = attachment;
    peer.emit('room.detached', { handle, room: room.id, epoch: room.tenure.epoch, reason: 'forbidden' });
  }

  private receive(peer: LinkPeer, frame: Buffer): void {
    const handle = frame.readUInt32BE(LINK_HEADER.session.handle);
    const attachment = this.byPeer.get(peer)?.get(handle);
    if (!attachment) return this.refuseSpectator(peer, handle, frame.subarray(LINK_HEADER.session.frame));
    if (attachment.room.tenure.epoch !== frame.readDoubleBE(LINK_HEADER.session.epoch)) return;
    const kind = frame[LINK_HEADER.session.frame];
    if (kind === KIND.command) this.command(attachment, frame.subarray(LINK_HEADER.session.frame));
    else if (kind === KIND.input) this.input(attachment, frame.subarray(LINK_HEADER.session.frame));
  }

  private refuseSpectator(peer: LinkPeer, handle: number, frame: Buffer): void {
    if (frame[0] === KIND.command && frame.length >= HEADER.command.name)
      this.delayed.refuse(peer, handle, frame.readUInt32BE(HEADER.command.seq));
  }

  private command(attachment: Attachment, frame: Buffer): void {
    const { room, seat } = attachment;
    if (frame.length < HEADER.command.name) return;
    const seq = frame.readUInt32BE(HEADER.command.seq);
    if (seat === null) return this.outputs.refuse(attachment, seq, errorBody('spectator'));
    if (attachment.isQueued) this.batch.flush();
    const verdict = room.judgeSeq(seat, seq, frame.readUInt32BE(HEADER.command.settled));
    switch (verdict.kind) {
      case 'ignore':
        return;
      case 'applied':
        return this.outputs.acknowledge(attachment);
      case 'refused-before':
        return this.sendRefusal(attachment, seq, errorBody(verdict.code));
      case 'poisoned':
        room.noteSeq(seat, seq);
        this.count(room, 'refused');
        return this.refuse(attachment, seq, 'game-failed', 'The game server was lost while it ran this command; it is not run again.');
    }
    try {
      const { name, end } = readName(frame, HEADER.command.nameLength);
      this.batch.add(attachment, { kind: 'command', seat, seq, name, data: unpackBody(frame, end) });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.answer(attachment, seq, { kind: 'refused', code: error.code, message: error.message });
    }
  }

  /** Stores a player input for the next step. The server never answers a player input, even when it drops the input. */
  private input({ room, seat }: Attachment, frame: Buffer): void {
    const { inputs } = room;
    if (seat === null || inputs === null || room.status !== 'active' || frame.length < HEADER.input.body) return;
    const number = frame.readUInt32BE(HEADER.input.number);
    if (inputs.isOld(seat, number)) return;
    try {
      inputs.take(seat, number, unpackBody(frame, HEADER.input.body));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      inputs.counts.dropped('invalid');
    }
  }

  private answer(attachment: Attachment, seq: number, outcome: { kind: string; code?: string; message?: string }): void {
    const { room, seat } = attachment;
    if (this.traces !== null) this.traces.answered(attachment, seq, outcome.kind);
    // The room migrates or was dropped. The client sends the command again to the next owner, so this server sends no answer.
    if (outcome.code === 'moved') return;
    room.noteSeq(seat as number, seq);
    this.count(room, outcome.kind === 'changed' ? 'applied' : 'refused');
    if (outcome.kind === 'refused') this.refuse(attachment, seq, outcome.code as string, outcome.message);
  }

  private refuse(attachment: Attachment, seq: number, code: string, message?: string): void {
    const { room, seat } = attachment;
    room.noteRefusal(seat as number, seq, code);
    this.sendRefusal(attachment, seq, errorBody(code, message));
  }

  private sendRefusal(attachment: Attachment, seq: number, error: ErrorBody): void {
    const { room } = attachment;
    // The refusal waits for changes that are not durable yet, because the refusal can depend on these changes.
    if (room.isDirty) room.waitingRefusals.push({ afterVersion: room.value.version, attachment, seq, error });
    else this.outputs.refuse(attachment, seq, error);
  }

  private peerLost(peer: LinkPeer): void {
    this.batch.flush();
    const handles = this.byPeer.get(peer);
    if (!handles) return;
    this.byPeer.delete(peer);
    for (const { handle } of [...handles.values()]) this.forget(handles.get(handle) as Attachment, handles);
  }

  private forget(attachment: Attachment, handles: Map<number, Attachment>): void {
    handles.delete(attachment.handle);
    this.unseat(attachment);
    if (attachment.seat !== null && !attachment.room.bySeat.has(attachment.seat)) this.clock.seatEmptied(attachment.room, attachment.seat);
  }

  private remove(attachment: Attachment): void {
    this.byPeer.get(attachment.peer)?.delete(attachment.handle);
    this.unseat(attachment);
  }

  private unseat(attachment: Attachment): void {
    const { room, seat } = attachment;
    room.attachments.delete(attachment);
    room.waitingRefusals = room.waitingRefusals.filter((waiting) => waiting.attachment !== attachment);
    if (seat === null || room.bySeat.get(seat) !== attachment) return;
    room.bySeat.delete(seat);
    room.inputs?.release(seat);
  }

  private detachAll(room: HostedRoom, reason: string): void {
    const sentReason = reason === 'ended' ? 'ended' : reason === 'moved' ? 'moved' : 'fenced';
    for (const attachment of [...room.attachments]) {
      this.remove(attachment);
      attachment.peer.emit('room.detached', { handle: attachment.handle, room: room.id, epoch: room.tenure.epoch, reason: sentReason });
    }
  }

  private handlesOf(peer: LinkPeer): Map<number, Attachment> {
    let handles = this.byPeer.get(peer);
    if (!handles) {
      handles = new Map();
      this.byPeer.set(peer, handles);
    }
    return handles;
  }

  private count(room: HostedRoom, result: 'applied' | 'refused'): void {
    const { game } = room.value;
    let tally = this.results[result].get(game);
    if (!tally) {
      tally = this.metrics.commands.of({ game, result });
      this.results[result].set(game, tally);
    }
    tally.inc();
  }

  /** Returns the attachments of a room, for operators. Empty when this server does not have the room. */
  of(room: RoomId): readonly Attachment[] {
    return [...(this.rooms.get(room)?.attachments ?? [])];
  }
}
