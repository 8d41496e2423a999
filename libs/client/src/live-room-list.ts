import { applyListChange, HoldfastError, type RoomSummary, type RoomsMessage, toErrorBody } from '#libs/protocol';
import { Emitter } from './emitter.js';
import type { RoomListEvents, RoomListing } from './session.js';

/** The implementation of `RoomListing`: applies the messages of the server to the list. */
export class LiveRoomList implements RoomListing {
  rooms: readonly RoomSummary[] = [];
  /** Whether the answer to the subscription is still awaited. Messages before it belong to an earlier subscription. */
  isPending = true;
  private readonly emitter = new Emitter<RoomListEvents>();

  /** @param closed called once, when the caller closes the list */
  constructor(private readonly closed: () => void) {}

  on<Name extends keyof RoomListEvents>(name: Name, listener: (...args: RoomListEvents[Name]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  close(): void {
    this.closed();
  }

  /** Replaces the list by the one of the answer to a subscription. */
  subscribed(rooms: readonly RoomSummary[]): void {
    this.isPending = false;
    this.become(rooms);
  }

  /** Reports that the list cannot be followed any more. */
  failed(error: unknown): void {
    this.isPending = false;
    this.emitter.emit('error', HoldfastError.from(toErrorBody(error)));
  }

  take(message: RoomsMessage): void {
    if (!this.isPending) this.become(message.rooms ?? applyListChange(this.rooms, message));
  }

  private become(rooms: readonly RoomSummary[]): void {
    this.rooms = rooms;
    this.emitter.emit('change', rooms);
  }
}
