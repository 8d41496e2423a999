import { Inject, Injectable } from '@nestjs/common';
import { LINK_KIND, type LinkPeer } from '#libs/link';
import {
  type ErrorBody,
  encodeServerMessage,
  errorBody,
  type GameEvent,
  type GameResult,
  type Patch,
  type PauseReason,
  pack,
  type ResumeReason,
  type Seat,
  type ServerMessage,
} from '#libs/protocol';
import type { Change, RoomValue } from '#libs/room';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import type { Attachment } from './attachment.js';
import type { HostedRoom } from './hosted-room.js';
import { playersOf } from './players-of.js';

/** The body of a sync for many receivers: all but version and sequence number, which are in the frame's header. */
interface SyncBody {
  room: string;
  from?: number;
  patches?: readonly Patch[];
  state?: unknown;
  events?: GameEvent[];
  missed?: true;
}

/**
 * Sends the durable value of a room to its sessions. When all of them see the same, a sync is packed once and sent once per gateway,
 * together with the acknowledgements of the seats.
 */
@Injectable()
export class RoomOutputs {
  constructor(@Inject(ROOM_HOST_OPTIONS) private readonly options: Pick<RoomHostOptions, 'syncBytesMax'>) {}

  /**
   * Sends a session that was just attached its place, and then what its client lacks. `held`: the version that the client has; null: none.
   * `rewoundTo`: the last version of the client's history that was not lost; null: no rewind.
   */
  sendPlaced(attachment: Attachment, held: number | null, rewoundTo: number | null = null): void {
    const { room, seat } = attachment;
    const { durable } = room;
    this.send(attachment, {
      kind: 'placed',
      room: room.id,
      game: durable.game,
      seat,
      epoch: room.tenure.epoch,
      round: room.round,
      players: playersOf(durable),
      seq: seat === null ? 0 : room.seenSeq(seat),
      ...(rewoundTo !== null && { rewound: { from: held as number, to: rewoundTo } }),
    });
    // Refusals whose answer may have been lost come first, because the `seq` of the sync would acknowledge these commands.
    if (seat !== null) for (const [refusedSeq, code] of durable.seats[seat]!.refused) this.refuse(attachment, refusedSeq, errorBody(code));
    // The client has a state of the lost history, to which no patch of this one applies.
    if (rewoundTo !== null) return this.sendSync(attachment, this.sinceRewind(room, seat, rewoundTo));
    const changes = held === null || room.machine.rules.view ? null : room.changesSince(held);
    if (changes !== null) this.sendSync(attachment, this.patchesOf(room, held as number, changes, seat));
    else if (held === null && this.isFirstVisit(room, seat)) this.sendSync(attachment, this.beginning(room, seat));
    else this.sendSync(attachment, this.snapshot(room, seat, held));
  }

  /** Sends the changes from `before` to the durable value. */
  sendChanges(room: HostedRoom, before: RoomValue, changes: readonly Change[]): void {
    // Refusals come before the sync, because its `seq` acknowledges every command up to it that was not refused.
    this.sendDueRefusals(room);
    if (room.attachments.size > 0) {
      this.sendRecordedRefusals(room, changes);
      if (room.machine.rules.view === null && !changes.some(hasTargetedEvent)) this.sendToAll(room, before, changes);
      else for (const attachment of room.attachments) this.sendToOne(attachment, before, changes);
    }
  }

  refuse(attachment: Attachment, seq: number, error: ErrorBody): void {
    this.send(attachment, { kind: 'rejected', seq, ...error });
  }

  /** Acknowledges an applied command again, because the client did not receive the answer. */
  acknowledge(attachment: Attachment): void {
    const { version } = attachment;
    this.sendSync(attachment, { room: attachment.room.id, from: version, patches: [] });
  }

  end(room: HostedRoom, result: GameResult): void {
    for (const attachment of room.attachments) this.send(attachment, { kind: 'ended', room: room.id, ...result });
  }

  pause(room: HostedRoom, reason: PauseReason): void {
    for (const attachment of room.attachments) this.send(attachment, { kind: 'paused', room: room.id, reason });
  }

  resume(room: HostedRoom, reason: ResumeReason): void {
    for (const attachment of room.attachments) this.send(attachment, { kind: 'resumed', room: room.id, reason });
  }

  /** Sends the refusals that depend on changes which are durable now. */
  sendDueRefusals(room: HostedRoom): void {
    if (room.waitingRefusals.length === 0) return;
    const { version } = room.durable;
    const due = room.waitingRefusals.filter(({ afterVersion }) => afterVersion <= version);
    room.waitingRefusals = room.waitingRefusals.filter(({ afterVersion }) => afterVersion > version);
    for (const { attachment, seq, error } of due) this.refuse(attachment, seq, error);
  }

  /**
   * Sends refusals that these changes recorded, before the acknowledgement that covers their numbers. A player who came back while the
   * changes were on their way to the store would otherwise take a refused command for applied.
   */
  private sendRecordedRefusals(room: HostedRoom, changes: readonly Change[]): void {
    for (const { version, seats } of changes) {
      for (let seat = 0; seats && seat < room.durable.seats.length; seat++) {
        const refused = seats[seat]?.refused;
        const attachment = refused && room.bySeat.get(seat);
        if (attachment && attachment.since >= version) for (const [seq, code] of refused) this.refuse(attachment, seq, errorBody(code));
      }
    }
  }

  private sendToAll(room: HostedRoom, before: RoomValue, changes: readonly Change[]): void {
    const { durable, tenure } = room;
    let body: Uint8Array | null = null;
    const peers: LinkPeer[] = [];
    const entries: number[][] = [];
    for (const attachment of room.attachments) {
      if (attachment.version !== before.version) {
        this.sendSync(attachment, this.snapshot(room, attachment.seat, attachment.version));
        continue;
      }
      attachment.version = durable.version;
      let at = peers.indexOf(attachment.peer);
      if (at === -1) {
        at = peers.push(attachment.peer) - 1;
        entries.push([]);
      }
      entries[at]!.push(attachment.handle, attachment.seat === null ? 0 : durable.seats[attachment.seat]!.seq);
    }
    for (let at = 0; at < peers.length; at++) {
      body ??= this.packed(room, null, this.patchesOf(room, before.version, changes, null));
      peers[at]!.sendSyncMany(tenure.epoch, durable.version, entries[at]!, body);
    }
  }

  private sendToOne(attachment: Attachment, before: RoomValue, changes: readonly Change[]): void {
    const { room, seat } = attachment;
    const { view } = room.machine.rules;
    if (attachment.version !== before.version) return this.sendSync(attachment, this.snapshot(room, seat, attachment.version));
    if (view === null) return this.sendSync(attachment, this.patchesOf(room, before.version, changes, seat));
    const patches = room.viewPatches(before, seat);
    this.sendSync(attachment, withEvents({ room: room.id, from: before.version, patches }, changes, seat));
  }

  private patchesOf(room: HostedRoom, from: number, changes: readonly Change[], seat: Seat | null): SyncBody {
    const patches = changes.length === 1 ? changes[0]!.patches : changes.flatMap((change) => change.patches);
    return withEvents({ room: room.id, from, patches }, changes, seat);
  }

  private snapshot(room: HostedRoom, seat: Seat | null, held: number | null): SyncBody {
    const state = room.view(room.durable.state, seat);
    if (held === null || held < 0 || held >= room.durable.version) return { room: room.id, state };
    const changes = room.recent.eventsAfter(held);
    return changes === null ? { room: room.id, state, missed: true } : withEvents({ room: room.id, state }, changes, seat);
  }

  /** Returns the state, and the events since the version up to which both histories are the same. */
  private sinceRewind(room: HostedRoom, seat: Seat | null, rewoundTo: number): SyncBody {
    const body = { room: room.id, state: room.view(room.durable.state, seat) };
    const changes = room.recent.eventsAfter(rewoundTo);
    return changes === null ? { ...body, missed: true } : withEvents(body, changes, seat);
  }

  /** Returns the state and all events since the setup, for a player who attaches for the first time. */
  private beginning(room: HostedRoom, seat: Seat | null): SyncBody {
    const body = this.snapshot(room, seat, null);
    return withEvents(body, room.recent.eventsAfter(-1) ?? [], seat);
  }

  private isFirstVisit(room: HostedRoom, seat: Seat | null): boolean {
    if (seat === null) return false;
    if (room.shown.has(seat)) return false;
    room.shown.add(seat);
    return true;
  }

  private sendSync(attachment: Attachment, body: SyncBody): void {
    const { room, seat } = attachment;
    attachment.version = room.durable.version;
    const seq = seat === null ? 0 : room.durable.seats[seat]!.seq;
    attachment.peer.sendSyncMany(room.tenure.epoch, room.durable.version, [attachment.handle, seq], this.packed(room, seat, body));
  }

  /** Packs the body. When it is too large for one sync, packs only the current state, with `missed` if events are left out. */
  private packed(room: HostedRoom, seat: Seat | null, body: SyncBody): Uint8Array {
    const bytes = pack(body);
    if (bytes.length <= this.options.syncBytesMax) return bytes;
    const hasMissed = body.missed === true || body.events !== undefined;
    return pack({ room: room.id, state: room.view(room.durable.state, seat), ...(hasMissed && { missed: true }) });
  }

  private send(attachment: Attachment, message: ServerMessage): void {
    attachment.peer.sendSessionFrame(LINK_KIND.toPlayer, attachment.handle, attachment.room.tenure.epoch, encodeServerMessage(message));
  }
}

function withEvents(body: SyncBody, changes: readonly Pick<Change, 'version' | 'events'>[], seat: Seat | null): SyncBody {
  for (const { version, events } of changes) {
    if (!events) continue;
    for (const { name, data, to } of events) {
      if (to && (seat === null || !to.includes(seat))) continue;
      body.events ??= [];
      body.events.push(data === undefined ? { version, name } : { version, name, data });
    }
  }
  return body;
}

function hasTargetedEvent(change: Change): boolean {
  return change.events?.some(({ to }) => to !== undefined) ?? false;
}
