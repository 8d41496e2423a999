import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type LinkPeer, Links } from '#libs/link';
import { type AttachRequest, type Control, HoldfastError } from '#libs/protocol';
import { RoomLoader } from '../ownership/room-loader.js';
import { SeatReconciler } from '../ownership/seat-reconciler.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { Attachments } from './attachments.js';

type Detach = Control['room.detach']['data'];

interface Expected {
  readonly request: AttachRequest;
  /** The reason for which the gateway detached the session before the room was loaded. Null: the gateway has not detached the session. */
  gone: Detach['gone'] | null;
  /** True when the room is loaded. The player possibly still waits for a seat. */
  isLoaded: boolean;
}

/**
 * Holds the requests to attach sessions to rooms that are still being loaded. A gateway can send this request as soon as the store names
 * this server as the owner. The requests wait here, because a refusal would delay the player for longer than the load.
 */
@Injectable()
export class PendingAttachments implements OnModuleInit {
  private readonly expected = new Map<LinkPeer, Map<number, Expected>>();

  constructor(
    private readonly rooms: HostedRooms,
    private readonly loader: RoomLoader,
    private readonly attachments: Attachments,
    private readonly links: Links,
    private readonly seats: SeatReconciler,
  ) {}

  onModuleInit(): void {
    this.links.onClosed((peer) => this.expected.delete(peer));
  }

  attach(peer: LinkPeer, { sessions }: Control['room.attach']['data']): void {
    for (const request of sessions) this.take(peer, request);
  }

  /**
   * Detaches a session. If its room is still being loaded, attaches the session after the load and then detaches it, so that the game
   * learns that the player left.
   */
  detach(peer: LinkPeer, event: Detach): void {
    const expected = this.expected.get(peer)?.get(event.handle);
    if (expected) expected.gone = event.gone;
    else this.attachments.detach(peer, event);
  }

  private take(peer: LinkPeer, request: AttachRequest): void {
    const { room, epoch, handle } = request;
    this.expected.get(peer)?.delete(handle);
    const hosted = this.rooms.get(room);
    const isHere = hosted !== undefined && hosted.tenure.epoch >= epoch;
    const coming = isHere ? this.admission(request) : this.loader.whenLoaded(room);
    if (!coming) return this.takeNow(peer, request);
    const expected: Expected = { request, gone: null, isLoaded: isHere };
    this.expect(peer, expected, coming);
  }

  private expect(peer: LinkPeer, expected: Expected, coming: Promise<unknown>): void {
    let handles = this.expected.get(peer);
    if (!handles) {
      handles = new Map();
      this.expected.set(peer, handles);
    }
    handles.set(expected.request.handle, expected);
    void coming.then(() => this.takeExpected(peer, expected));
  }

  /**
   * Resolves when the player has a durable seat, or when it is clear that the player gets no seat. Null: the attachment need not wait,
   * because this server does not have the room, the session only watches, the player already has a seat, or the game is not joinable.
   */
  private admission({ room, user, watch }: AttachRequest): Promise<void> | null {
    const hosted = this.rooms.get(room);
    return hosted && !watch ? this.seats.admit(hosted, user) : null;
  }

  private takeExpected(peer: LinkPeer, expected: Expected): void {
    const { request, gone } = expected;
    const handles = this.expected.get(peer);
    // Drops the request, because the link has closed, or the session has sent a newer request.
    if (handles?.get(request.handle) !== expected) return;
    if (!expected.isLoaded) {
      expected.isLoaded = true;
      const admission = this.admission(request);
      if (admission) return this.expect(peer, expected, admission);
    }
    handles.delete(request.handle);
    this.takeNow(peer, request);
    if (gone) this.attachments.detach(peer, { handle: request.handle, gone });
  }

  private takeNow(peer: LinkPeer, request: AttachRequest): void {
    try {
      this.attachments.attach(peer, request);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      const { handle, room, epoch } = request;
      peer.emit('room.detached', { handle, room, epoch, reason: error.code === 'forbidden' ? 'forbidden' : 'not-here' });
    }
  }
}
