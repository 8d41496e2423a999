import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LINK_KIND, type LinkPeer, Links } from '#libs/link';
import { encodeServerMessage, errorBody, type OwnerDetachReason, type ServerMessage } from '#libs/protocol';
import type { RoomValue } from '#libs/room';
import { Appender } from '../durability/appender.js';
import { DelayLine } from '../room/delay-line.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { playersOf } from '../room/players-of.js';
import { classicPatch, classicState, eventsFor } from '../room/sync-bodies.js';

/** A spectator of a room with a delay. */
interface DelayedSpectator {
  readonly peer: LinkPeer;
  readonly handle: number;
  readonly stage: Stage;
  /** The version of the state that this server has sent to the spectator. Null: it has sent no state. */
  version: number | null;
}

/** A room with a delay, and the state that its spectators see now. */
interface Stage {
  readonly room: HostedRoom;
  readonly line: DelayLine;
  /** The value that spectators see, and their view of it. Null: no value is old enough yet. */
  shown: { readonly value: RoomValue; readonly view: unknown } | null;
  readonly spectators: Set<DelayedSpectator>;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Sends states and events to the spectators of rooms with a delay, once they are as old as the delay (`watchDelayMs`). These spectators are
 * not attached to the room, so no other frame of the room reaches them. Only the owner has the earlier states. After a change of the owner,
 * spectators wait until the first state of the new owner is old enough. So they never see a state too early. After the end of a game, this
 * server sends the remaining states, and then the end.
 */
@Injectable()
export class DelayedSpectators implements OnModuleInit, OnModuleDestroy {
  private readonly stages = new Map<HostedRoom, Stage>();
  private readonly byPeer = new Map<LinkPeer, Map<number, DelayedSpectator>>();

  constructor(
    private readonly rooms: HostedRooms,
    private readonly appender: Appender,
    private readonly links: Links,
  ) {}

  onModuleInit(): void {
    this.rooms.onAdded((room) => this.begin(room));
    this.rooms.onDropped((room, reason) => this.dropped(room, reason));
    this.appender.onCommitted(({ room, changes }) => {
      const stage = this.stages.size > 0 ? this.stages.get(room) : undefined;
      if (stage) this.add(stage, changes, false);
    });
    this.links.onClosed((peer) => {
      for (const spectator of this.byPeer.get(peer)?.values() ?? []) spectator.stage.spectators.delete(spectator);
      this.byPeer.delete(peer);
    });
  }

  onModuleDestroy(): void {
    for (const { timer } of this.stages.values()) clearTimeout(timer);
  }

  /** Returns whether spectators of this room see the game later than its players. */
  isDelayed(room: HostedRoom): boolean {
    return this.stages.has(room);
  }

  /**
   * Attaches a spectator: sends `placed`, and the state that spectators see now, if there is one.
   *
   * @param rewoundTo the version to which the game was rewound, when the client has a later version (`held`)
   */
  attach(peer: LinkPeer, handle: number, room: HostedRoom, held: number | null, rewoundTo: number | null): void {
    this.detach(peer, handle);
    const stage = this.stages.get(room)!;
    const spectator: DelayedSpectator = { peer, handle, stage, version: null };
    let handles = this.byPeer.get(peer);
    if (!handles) {
      handles = new Map();
      this.byPeer.set(peer, handles);
    }
    handles.set(handle, spectator);
    stage.spectators.add(spectator);
    this.send(spectator, {
      kind: 'placed',
      room: room.id,
      game: room.value.game,
      gameVersion: room.value.gameVersion,
      seat: null,
      epoch: room.tenure.epoch,
      round: room.round,
      players: stage.shown ? playersOf(stage.shown.value) : [],
      seq: 0,
      ...(rewoundTo !== null && { rewound: { from: held as number, to: rewoundTo } }),
    });
    if (stage.shown) this.sendState(spectator, stage.shown, undefined, false);
  }

  /** Removes a spectator. Returns false when this handle is not a delayed spectator. */
  detach(peer: LinkPeer, handle: number): boolean {
    const spectator = this.byPeer.get(peer)?.get(handle);
    if (!spectator) return false;
    this.byPeer.get(peer)!.delete(handle);
    spectator.stage.spectators.delete(spectator);
    return true;
  }

  /** Refuses a command of a spectator. Returns false when this handle is not a delayed spectator. */
  refuse(peer: LinkPeer, handle: number, seq: number): boolean {
    const spectator = this.byPeer.get(peer)?.get(handle);
    if (spectator) this.send(spectator, { kind: 'rejected', seq, ...errorBody('spectator') });
    return spectator !== undefined;
  }

  private begin(room: HostedRoom): void {
    const { watchDelayMs } = room.doc;
    if (!watchDelayMs) return;
    const stage: Stage = { room, line: new DelayLine(watchDelayMs), shown: null, spectators: new Set(), timer: undefined };
    this.stages.set(room, stage);
    const isNew = room.durable.version === 0;
    this.add(stage, isNew ? (room.recent.eventsAfter(-1) ?? []) : [], !isNew);
  }

  private add(stage: Stage, changes: Parameters<typeof eventsFor>[0], isAfterGap: boolean): void {
    const events = changes.filter((change) => change.events?.some(({ to }) => to === undefined));
    stage.line.add({ value: stage.room.durable, events, isAfterGap }, performance.now());
    this.schedule(stage);
  }

  private schedule(stage: Stage): void {
    const waitMs = stage.line.waitMs(performance.now());
    if (stage.timer !== undefined) return;
    if (waitMs === null) {
      if (stage.room.status === 'dropped') this.end(stage);
      return;
    }
    stage.timer = setTimeout(() => {
      stage.timer = undefined;
      this.show(stage);
      this.schedule(stage);
    }, waitMs);
    stage.timer.unref();
  }

  /** Sends to spectators the states that are old enough now. */
  private show(stage: Stage): void {
    const { room, spectators } = stage;
    const moment = stage.line.take(performance.now());
    // When a view of the game fails, the game ends, and spectators receive no further state.
    if (moment === null || room.brokenBy !== null) return;
    const { value, isAfterGap } = moment;
    const before = stage.shown;
    const view = room.view(value.state, null);
    if (room.brokenBy !== null) return;
    stage.shown = { value, view };
    const events = eventsFor(moment.events, null);
    if (spectators.size === 0) return;
    const arePlayersNew = before === null || JSON.stringify(playersOf(before.value)) !== JSON.stringify(playersOf(value));
    const change = { room: room.id, version: value.version, from: 0, before: before?.view, after: view, ...(events && { events }) };
    // Sends the sync even if nothing has changed, so that all spectators of the room have the same version.
    const patch = before && !isAfterGap ? classicPatch({ ...change, from: before.value.version }, true, null) : null;
    for (const spectator of spectators) {
      if (patch === null || spectator.version !== before?.value.version) this.sendState(spectator, stage.shown, events, isAfterGap);
      else {
        spectator.peer.sendSyncMany(room.tenure.epoch, value.version, [spectator.handle, 0], patch);
        spectator.version = value.version;
      }
      if (arePlayersNew) this.send(spectator, { kind: 'players', room: room.id, players: playersOf(value) });
    }
  }

  private sendState(
    spectator: DelayedSpectator,
    { value, view }: NonNullable<Stage['shown']>,
    events: ReturnType<typeof eventsFor>,
    missed: boolean,
  ): void {
    const { room } = spectator.stage;
    const body = classicState(room.id, view, { ...(events && { events }), ...(missed && { missed: true as const }) });
    spectator.peer.sendSyncMany(room.tenure.epoch, value.version, [spectator.handle, 0], body);
    spectator.version = value.version;
  }

  private dropped(room: HostedRoom, reason: string): void {
    const stage = this.stages.get(room);
    if (!stage) return;
    if (reason === 'ended' && stage.spectators.size > 0) return this.schedule(stage);
    const sent: OwnerDetachReason = reason === 'ended' ? 'ended' : reason === 'moved' ? 'moved' : 'fenced';
    this.close(stage, sent);
  }

  /** Sends the end of the game to spectators who have received the last state of the game. */
  private end(stage: Stage): void {
    const { room, spectators } = stage;
    for (const spectator of spectators)
      this.send(spectator, { kind: 'ended', room: room.id, ...(room.durable.ended ?? { reason: 'abandoned' }) });
    this.close(stage, 'ended');
  }

  private close(stage: Stage, reason: OwnerDetachReason): void {
    clearTimeout(stage.timer);
    this.stages.delete(stage.room);
    for (const { peer, handle } of stage.spectators) {
      this.byPeer.get(peer)?.delete(handle);
      peer.emit('room.detached', { handle, room: stage.room.id, epoch: stage.room.tenure.epoch, reason });
    }
    stage.spectators.clear();
  }

  private send({ peer, handle, stage }: DelayedSpectator, message: ServerMessage): void {
    peer.sendSessionFrame(LINK_KIND.toPlayer, handle, stage.room.tenure.epoch, encodeServerMessage(message));
  }
}
