import { Inject, Injectable } from '@nestjs/common';
import { LINK_KIND, type LinkPeer } from '#libs/link';
import {
  type ErrorBody,
  encodeServerMessage,
  errorBody,
  type GameResult,
  type PauseReason,
  type ResumeReason,
  type Seat,
  type ServerMessage,
} from '#libs/protocol';
import { type Change, patchesOf, type RoomValue } from '#libs/room';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import type { Attachment } from './attachment.js';
import { DistinctViews } from './distinct-views.js';
import type { HostedRoom, UnsentChanges } from './hosted-room.js';
import { playersOf } from './players-of.js';
import { classicPatch, classicState, compactPatch, compactState, eventsFor, isFor, type SyncExtras } from './sync-bodies.js';
import { SyncPacer } from './sync-pacer.js';

/**
 * Number of versions after which a sync contains the hash of the state again. With the hash, a client notices that its own state is wrong.
 */
const HASH_EVERY = 64;

/**
 * Shortest time between two syncs to a seat that only confirm a player input, in ms. Clients measure the round trip with these syncs, which
 * are sent even when the seat sees no change. The time is a little shorter than a second, because clients repeat an unchanged input once a
 * second.
 */
const INPUT_NEWS_MS = 900;

/** Sessions that receive the same bytes in a sync. */
interface SyncGroup {
  readonly isCompact: boolean;
  readonly from: number;
  readonly before: unknown;
  readonly after: unknown;
  readonly fromAt: number;
  /** The seat whose events the sync has. Null: the sync has only the events that everybody gets. */
  readonly eventSeat: Seat | null;
  /** True: each session of the group gets a sync even without a change, because of an acknowledgement or events. */
  readonly isOwed: boolean;
  readonly members: Attachment[];
}

/**
 * Sends the durable value of a room to its sessions. Sessions that have the same state and see the same next state get the same bytes,
 * which are packed once and sent once per gateway, with the acknowledgements of the seats. A session that a change does not affect gets
 * nothing. Invariant: `attachment.seen` is the state that the client of the attachment has at `attachment.version`.
 */
@Injectable()
export class RoomOutputs {
  private readonly pacer = new SyncPacer((room) => this.flush(room));
  private readonly viewFailedListeners: ((room: HostedRoom) => void)[] = [];

  constructor(@Inject(ROOM_HOST_OPTIONS) private readonly options: Pick<RoomHostOptions, 'syncBytesMax'>) {}

  /**
   * Sends `placed` to a session that was attached just now, and then the state or the missing changes to its client. `held`: the version
   * that the client has, or null when it has none. `rewoundTo`: the version to which the game was rewound, or null when it was not.
   */
  sendPlaced(attachment: Attachment, held: number | null, rewoundTo: number | null = null): void {
    const { room, seat } = attachment;
    const { durable } = room;
    this.flush(room);
    this.send(attachment, {
      kind: 'placed',
      room: room.id,
      game: durable.game,
      gameVersion: durable.gameVersion,
      seat,
      epoch: room.tenure.epoch,
      round: room.round,
      players: playersOf(durable),
      seq: seat === null ? 0 : room.seenSeq(seat),
      ...(rewoundTo !== null && { rewound: { from: held as number, to: rewoundTo } }),
    });
    // Repeats the recorded refusals before the sync, because the client may have missed them. Otherwise the `seq` of the sync would
    // acknowledge the refused commands.
    if (seat !== null) for (const [refusedSeq, code] of durable.seats[seat]!.refused) this.refuse(attachment, refusedSeq, errorBody(code));
    // The client has a state from before the rewind, so no patch of the current history can be applied to it.
    if (rewoundTo !== null) return this.sendState(attachment, this.extrasSince(room, seat, rewoundTo));
    const changes = held === null || hasViews(room) ? null : room.changesSince(held);
    if (changes !== null && (changes.length === 0 || !this.needsTime(attachment)))
      this.sendPatchesSince(attachment, held as number, changes);
    else if (held === null && this.isFirstVisit(room, seat)) this.sendState(attachment, this.extrasOfBeginning(room, seat));
    else this.sendState(attachment, this.extrasOfSnapshot(room, seat, held));
  }

  /** Sends the changes from `before` to the durable value: immediately, or with the next sync in a game with `syncHz`. */
  sendChanges(room: HostedRoom, before: RoomValue, changes: readonly Change[]): void {
    // Sends the refusals first, because the `seq` of the sync acknowledges all earlier commands that were not refused.
    this.sendDueRefusals(room);
    room.changedAt = changes.at(-1)?.at ?? room.changedAt;
    if (room.attachments.size === 0) return this.pacer.drop(room);
    this.sendRecordedRefusals(room, changes);
    if (this.pacer.add(room, before, changes)) this.sendUnsent(room);
  }

  /** Sends the changes that wait for the next sync of the room. Ends the game when its view fails. */
  flush(room: HostedRoom): void {
    if (room.unsent === null) return;
    this.sendUnsent(room);
    if (room.brokenBy === null || room.value.ended || room.status !== 'active') return;
    for (const listener of this.viewFailedListeners) listener(room);
  }

  private sendUnsent(room: HostedRoom): void {
    const unsent = this.pacer.take(room);
    if (unsent === null) return;
    try {
      this.sync(room, unsent);
    } catch (error) {
      // The view of the game returned data that cannot be sent. The caller ends the game (`flush`, or the appender after `sendChanges`).
      room.brokenBy = error ?? 'nothing';
    }
  }

  /** Registers a listener for rooms whose view fails in a delayed sync (`syncHz`). */
  onViewFailed(listener: (room: HostedRoom) => void): void {
    this.viewFailedListeners.push(listener);
  }

  refuse(attachment: Attachment, seq: number, error: ErrorBody): void {
    this.send(attachment, { kind: 'rejected', seq, ...error });
  }

  /** Repeats the acknowledgement of an applied command, because the client did not receive it. */
  acknowledge(attachment: Attachment): void {
    const { room } = attachment;
    this.flush(room);
    const { seen, seenSince, seenAt } = attachment;
    const from = attachment.compact ? seenSince : attachment.version;
    const change = { isCompact: attachment.compact, from, before: seen, after: seen, fromAt: seenAt, eventSeat: null, isOwed: true };
    this.sendTo(attachment, attachment.compact, this.bodyOf(room, change, [], null)!);
    this.note(attachment, seen);
  }

  end(room: HostedRoom, result: GameResult): void {
    this.flush(room);
    for (const attachment of room.attachments) this.send(attachment, { kind: 'ended', room: room.id, ...result });
  }

  pause(room: HostedRoom, reason: PauseReason): void {
    this.flush(room);
    for (const attachment of room.attachments) this.send(attachment, { kind: 'paused', room: room.id, reason });
  }

  resume(room: HostedRoom, reason: ResumeReason): void {
    for (const attachment of room.attachments) this.send(attachment, { kind: 'resumed', room: room.id, reason });
  }

  /** Sends the refusals that waited for changes that are durable now. */
  sendDueRefusals(room: HostedRoom): void {
    if (room.waitingRefusals.length === 0) return;
    const { version } = room.durable;
    const due = room.waitingRefusals.filter(({ afterVersion }) => afterVersion <= version);
    room.waitingRefusals = room.waitingRefusals.filter(({ afterVersion }) => afterVersion > version);
    for (const { attachment, seq, error } of due) this.refuse(attachment, seq, error);
  }

  /**
   * Sends the recorded refusals of these changes to players who attached before the changes were durable. Otherwise the client would regard
   * a refused command as applied, because the `seq` of the next sync covers it.
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

  private sync(room: HostedRoom, { before, changes }: UnsentChanges): void {
    const { durable } = room;
    const isViewed = hasViews(room);
    const hasEvents = changes.some(({ events }) => events !== undefined);
    const groups: SyncGroup[] = [];
    /** The views that this sync has computed. All spectators share one view. */
    const views: SyncViews = { distinct: new DistinctViews() };
    for (const attachment of room.attachments) {
      const { seat, seen } = attachment;
      // Skips a session that is being attached, because it gets its first state after `placed`.
      if (attachment.version === -1) continue;
      const after = this.viewFor(room, attachment, views);
      const isAnswered = seat !== null && durable.seats[seat]!.seq !== before.seats[seat]?.seq;
      const getsEvents = hasEvents && changes.some(({ events }) => events?.some((event) => isFor(event, seat)));
      const hearsInput = lacksInput(attachment);
      if (after === seen && !isAnswered && !getsEvents && !hearsInput) continue;
      const eventSeat = seat !== null && hasEvents && hasEventFor(changes, seat) ? seat : null;
      const from = attachment.compact ? attachment.seenSince : attachment.version;
      // A new view can equal the session's last view. The session then needs no sync. In a game without views, all sessions get a sync for
      // each change, so that they stay one group.
      const isOwed = !isViewed || isAnswered || getsEvents || hearsInput;
      const isCompact = attachment.compact;
      addToGroup(groups, { isCompact, from, before: seen, after, fromAt: attachment.seenAt, eventSeat, isOwed, members: [attachment] });
    }
    for (const group of groups) {
      const body = this.bodyOf(room, group, changes, group.before === before.state ? changes : null);
      if (body) this.sendToGroup(room, group, body);
    }
  }

  private sendToGroup(room: HostedRoom, { isCompact, after, members }: SyncGroup, body: Uint8Array): void {
    const { durable, tenure } = room;
    const peers: LinkPeer[] = [];
    const entries: number[][] = [];
    for (const attachment of members) {
      const { peer, handle, seat } = attachment;
      this.note(attachment, after);
      let at = peers.indexOf(peer);
      if (at === -1) {
        at = peers.push(peer) - 1;
        entries.push([]);
      }
      entries[at]!.push(handle, seat === null ? 0 : durable.seats[seat]!.seq);
      if (isCompact) entries[at]!.push(inputOf(durable, seat));
    }
    for (let at = 0; at < peers.length; at++) {
      if (isCompact) peers[at]!.sendCompactMany(tenure.epoch, durable.version, entries[at]!, body);
      else peers[at]!.sendSyncMany(tenure.epoch, durable.version, entries[at]!, body);
    }
  }

  /**
   * Returns the view of the durable state for the client of an attachment. Returns `attachment.seen` itself when the view has not changed.
   */
  private viewFor(room: HostedRoom, { seat, seen }: Attachment, views: SyncViews): unknown {
    if (!hasViews(room)) return room.durable.state;
    if (seat !== null) return unified(views, seen, room.nextView(seen, seat));
    if (!views.hasWatched) {
      views.watched = unified(views, seen, room.nextView(seen, null));
      views.hasWatched = true;
    }
    return views.watched;
  }

  /**
   * Packs the sync of a group. Null: the sessions see no change, and need no acknowledgement or events. When the sync is too large, packs
   * only the current state, with `missed` if it omits events. `known`: the changes whose patches lead from `group.before` to `group.after`.
   * Null: the patches must be computed.
   */
  private bodyOf(
    room: HostedRoom,
    group: Omit<SyncGroup, 'members'>,
    changes: readonly Change[],
    known: readonly Change[] | null,
  ): Uint8Array | null {
    const { version } = room.durable;
    const events = eventsFor(changes, group.eventSeat);
    const change = { room: room.id, version, from: group.from, before: group.before, after: group.after, ...(events && { events }) };
    let body: Uint8Array | null;
    if (group.isCompact) {
      const time = isStepped(room) ? { elapsed: Math.max(0, room.changedAt - group.fromAt) } : {};
      const delta = known && !hasViews(room) ? onlyDelta(known) : null;
      body = compactPatch(change, group.isOwed, time, hasPassedMultiple(group.from, version), delta);
    } else body = classicPatch(change, group.isOwed, known && !hasViews(room) ? patchesOf(known, group.before, group.after) : null);
    if (body === null || body.length <= this.options.syncBytesMax) return body;
    const time = group.after === group.before ? group.fromAt : room.changedAt;
    return this.stateBody(room, group.isCompact, group.after, events ? { missed: true } : {}, time);
  }

  /** @param time the room time of the state's last change, in ms */
  private stateBody(room: HostedRoom, isCompact: boolean, state: unknown, extras: SyncExtras, time: number): Uint8Array {
    if (isCompact) return compactState(room.durable.version, state, extras, isStepped(room) ? time : undefined);
    return classicState(room.id, state, extras);
  }

  // ── Syncs to one session ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends the whole state together with `extras`. When the sync would be too large, sends `missed` instead of the events. */
  private sendState(attachment: Attachment, extras: SyncExtras): void {
    const { room, seat, compact } = attachment;
    const state = room.view(room.durable.state, seat);
    this.note(attachment, state);
    const { seenAt } = attachment;
    let body = this.stateBody(room, compact, state, extras, seenAt);
    if (body.length > this.options.syncBytesMax)
      body = this.stateBody(room, compact, state, extras.missed || extras.events ? { missed: true } : {}, seenAt);
    this.sendTo(attachment, compact, body);
  }

  /** True when the first sync of the attachment must have the room time, which only a compact sync can contain. */
  private needsTime({ room, compact }: Attachment): boolean {
    return compact && isStepped(room);
  }

  /**
   * Sends the patches of these changes in the form of RFC 6902, even to a client that reads compact syncs. A compact sync would need the
   * state at `from`, which this server does not have any more.
   */
  private sendPatchesSince(attachment: Attachment, from: number, changes: readonly Change[]): void {
    const { room, seat } = attachment;
    // A state patch can be converted to RFC 6902 only with the state before it, which this server does not have. So this method sends the
    // whole state.
    if (changes.some(({ delta }) => delta !== undefined)) return this.sendState(attachment, this.extrasSince(room, seat, from));
    const events = eventsFor(changes, seat);
    const { state, version } = room.durable;
    const change = { room: room.id, version, from, before: state, after: state, ...(events && { events }) };
    if (attachment.compact && changes.length === 0) {
      this.note(attachment, state);
      return this.sendTo(attachment, true, compactPatch(change, true, isStepped(room) ? { time: attachment.seenAt } : {})!);
    }
    const body = classicPatch(change, true, patchesOf(changes, null, null))!;
    if (body.length > this.options.syncBytesMax) return this.sendState(attachment, events ? { missed: true } : {});
    this.note(attachment, state);
    this.sendTo(attachment, false, body);
  }

  private sendTo({ room, peer, handle, seat }: Attachment, isCompact: boolean, body: Uint8Array): void {
    const { durable, tenure } = room;
    const seq = seat === null ? 0 : durable.seats[seat]!.seq;
    if (isCompact) peer.sendCompactMany(tenure.epoch, durable.version, [handle, seq, inputOf(durable, seat)], body);
    else peer.sendSyncMany(tenure.epoch, durable.version, [handle, seq], body);
  }

  /** Records the state that the client of an attachment has after the current sync. */
  private note(attachment: Attachment, seen: unknown): void {
    const { room } = attachment;
    const { version } = room.durable;
    if (seen !== attachment.seen || attachment.version === -1) {
      attachment.seen = seen;
      attachment.seenSince = version;
      attachment.seenAt = room.changedAt;
    }
    attachment.version = version;
    attachment.input = inputOf(room.durable, attachment.seat);
    attachment.inputAt = room.changedAt;
  }

  private extrasOfSnapshot(room: HostedRoom, seat: Seat | null, held: number | null): SyncExtras {
    if (held === null || held < 0 || held >= room.durable.version) return {};
    return this.extrasSince(room, seat, held);
  }

  /** Returns the events after a version. Returns `missed` when some of these events are not kept any more. */
  private extrasSince(room: HostedRoom, seat: Seat | null, version: number): SyncExtras {
    const changes = room.recent.eventsAfter(version);
    if (changes === null) return { missed: true };
    const events = eventsFor(changes, seat);
    return events ? { events } : {};
  }

  /** Returns all events since the setup, for a player who attaches for the first time. */
  private extrasOfBeginning(room: HostedRoom, seat: Seat | null): SyncExtras {
    const events = eventsFor(room.recent.eventsAfter(-1) ?? [], seat);
    return events ? { events } : {};
  }

  private isFirstVisit(room: HostedRoom, seat: Seat | null): boolean {
    if (seat === null) return false;
    if (room.shown.has(seat)) return false;
    room.shown.add(seat);
    return true;
  }

  private send(attachment: Attachment, message: ServerMessage): void {
    attachment.peer.sendSessionFrame(LINK_KIND.toPlayer, attachment.handle, attachment.room.tenure.epoch, encodeServerMessage(message));
  }
}

/**
 * Returns the state patch of these changes if exactly one of them changes the state and contains a state patch. Null: the caller must
 * compute it.
 */
function onlyDelta(changes: readonly Change[]): Uint8Array | null {
  let only: Uint8Array | null = null;
  for (const { patches, delta } of changes) {
    if ((patches ?? delta).length === 0) continue;
    if (only !== null || delta === undefined) return null;
    only = delta;
  }
  return only;
}

/** The views that one sync has computed so far. */
interface SyncViews {
  readonly distinct: DistinctViews;
  watched?: unknown;
  hasWatched?: true;
}

/** Returns `seen` itself when the view has not changed, so that the caller sees that no sync is needed. */
function unified({ distinct }: SyncViews, seen: unknown, view: unknown): unknown {
  return view === seen ? view : distinct.unified(view);
}

function hasViews(room: HostedRoom): boolean {
  return room.machine.rules.view !== null;
}

/** True when one of the versions after `from`, up to `version`, is a multiple of `HASH_EVERY`. */
function hasPassedMultiple(from: number, version: number): boolean {
  return Math.floor(version / HASH_EVERY) > Math.floor(from / HASH_EVERY);
}

function isStepped(room: HostedRoom): boolean {
  return room.machine.rules.definition.stepHz > 0;
}

/** Adds the members of `added` to the group that gets the same sync, or adds `added` itself. */
function addToGroup(groups: SyncGroup[], added: SyncGroup): void {
  for (const group of groups) {
    if (
      group.after === added.after &&
      group.before === added.before &&
      group.from === added.from &&
      group.isCompact === added.isCompact &&
      group.isOwed === added.isOwed &&
      group.eventSeat === added.eventSeat
    ) {
      group.members.push(...added.members);
      return;
    }
  }
  groups.push(added);
}

/** Returns the number of the seat's last player input that the value contains. 0: the value contains no input, or the seat is null. */
function inputOf({ seats }: RoomValue, seat: Seat | null): number {
  return seat === null ? 0 : (seats[seat]?.input ?? 0);
}

/**
 * Returns whether the seat should get a sync for a newly sampled input. True when the last sync did not contain this input and is at least
 * `INPUT_NEWS_MS` old.
 */
function lacksInput({ room, compact, seat, input, inputAt }: Attachment): boolean {
  return compact && seat !== null && inputOf(room.durable, seat) !== input && room.changedAt - inputAt >= INPUT_NEWS_MS;
}

/** True when one of these changes has an event that is sent to some seats, and this seat is one of them. */
function hasEventFor(changes: readonly Change[], seat: Seat): boolean {
  return changes.some(({ events }) => events?.some(({ to }) => to?.includes(seat)));
}
